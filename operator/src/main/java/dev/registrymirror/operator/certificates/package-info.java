/** What agents and containerd know each other by, made and renewed. */
package dev.registrymirror.operator.certificates;
