package dev.registrymirror.agent.bounds;

import java.util.LinkedHashMap;
import java.util.Map;

/** A map that forgets its oldest entry rather than grow beyond a bound. */
public final class BoundedMap<K, V> extends LinkedHashMap<K, V> {

  private static final long serialVersionUID = 1L;

  private final int max;

  /**
   * An empty map.
   *
   * @param max entries at most; putting a key anew leaves it as old as it was, so remove it first
   *     where it is to be the newest
   */
  public BoundedMap(int max) {
    this.max = max;
  }

  @Override
  protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
    return size() > max;
  }
}
