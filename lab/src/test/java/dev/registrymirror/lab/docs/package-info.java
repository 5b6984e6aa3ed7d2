/**
 * Whether the pages are right: what they link to, the commands and options that they name, their
 * metrics, their examples. Begin with {@link dev.registrymirror.lab.docs.Page}.
 */
package dev.registrymirror.lab.docs;
