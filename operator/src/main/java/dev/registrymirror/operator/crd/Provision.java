package dev.registrymirror.operator.crd;

/** Whether the operator makes something and keeps it fresh. */
public enum Provision {
  Managed,
  Disabled
}
