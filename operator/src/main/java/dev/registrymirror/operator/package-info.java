/** The operator: {@link dev.registrymirror.operator.Main} composes it. */
package dev.registrymirror.operator;
