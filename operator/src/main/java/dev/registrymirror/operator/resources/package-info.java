/** What a RegistryMirror makes: one class each, named as the thing. */
package dev.registrymirror.operator.resources;
