/**
 * The Flux bundle in {@code kubernetes/} and {@code clusters/}: whether it is right, begin with
 * {@link dev.registrymirror.lab.flux.Validate}; and Flux itself in a lab, {@link
 * dev.registrymirror.lab.flux.Flux}.
 */
package dev.registrymirror.lab.flux;
