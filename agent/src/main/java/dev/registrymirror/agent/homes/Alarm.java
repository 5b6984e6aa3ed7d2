package dev.registrymirror.agent.homes;

/** How {@link Homes} asks to be woken, without a thread or a timer of its own. */
@FunctionalInterface
public interface Alarm {

  /**
   * Asks for {@link Homes#tick()} at {@code clockMillis} on the injected clock or soon after. Each
   * call replaces the one before; also called within {@link Homes#tick()} and from every other
   * method that makes something due earlier.
   */
  void at(long clockMillis);
}
