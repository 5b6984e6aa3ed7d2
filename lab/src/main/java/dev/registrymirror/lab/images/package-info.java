/** Images of random bytes, made and pushed on the spot. */
package dev.registrymirror.lab.images;
