/** From a RegistryMirror to what it wants: {@link RegistryMirrorReconciler} is where to begin. */
package dev.registrymirror.operator.reconcile;
