/** The {@code RegistryMirror} resource: what is wanted and what is so. */
package dev.registrymirror.operator.crd;
