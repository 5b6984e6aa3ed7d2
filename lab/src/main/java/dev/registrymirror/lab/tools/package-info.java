/** The programs that a lab runs, and how they come to this machine. */
package dev.registrymirror.lab.tools;
