/** What a lab is made of on the machine: commands, processes, namespaces, links. */
package dev.registrymirror.lab.machine;
