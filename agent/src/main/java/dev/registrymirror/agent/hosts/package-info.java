/**
 * A node's hosts configuration: the mirror put into it, kept there, and taken out byte for byte.
 */
package dev.registrymirror.agent.hosts;
