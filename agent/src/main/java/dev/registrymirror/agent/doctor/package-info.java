/** What stands in the way of sharing on this node, and how to mend it. */
package dev.registrymirror.agent.doctor;
