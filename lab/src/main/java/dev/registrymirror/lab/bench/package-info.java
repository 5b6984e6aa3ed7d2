/** {@code make bench}: the mirror beside Spegel and nginx, and a herd of nodes beside one alone. */
package dev.registrymirror.lab.bench;
