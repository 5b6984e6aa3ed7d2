/** {@code make bench}: the mirror beside Spegel and nginx, in one run. */
package dev.registrymirror.lab.bench;
