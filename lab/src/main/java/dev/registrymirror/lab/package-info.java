/**
 * Several nodes on one machine, with real containerds: for tests, demonstrations and measurements.
 * Begin with {@link dev.registrymirror.lab.Lab}; a {@link dev.registrymirror.lab.Node} pulls images
 * and runs a mirror, {@link dev.registrymirror.lab.Upstream} has the images, and a {@link
 * dev.registrymirror.lab.machine.Link} or a {@link dev.registrymirror.lab.machine.Daemon} is what
 * faults befall.
 */
package dev.registrymirror.lab;
