/** The demo's story, and the two places where it is played. */
package dev.registrymirror.lab.demo;
