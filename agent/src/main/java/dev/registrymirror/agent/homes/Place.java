package dev.registrymirror.agent.homes;

import java.util.List;

/** What a node that asks for a digest is to do, as its home sees it. */
public sealed interface Place {

  /** Go upstream: whoever asks from now on follows this node's download. */
  record Lead() implements Place {}

  /** Take the bytes from {@code parent}, as its containerd gets them. */
  record Follow(Peer parent) implements Place {}

  /** Somebody has it whole; never empty, ordered as in {@link Homes#find}. */
  record Fetch(List<Peer> providers) implements Place {
    public Fetch {
      providers = List.copyOf(providers);
    }
  }

  /** Ask again in so many milliseconds: a node that leads less may come meanwhile. */
  record Wait(long millis) implements Place {}

  Place LEAD = new Lead();
}
