package dev.registrymirror.agent.roster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.roster.SeedsRoster.Seed;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SeedsRosterTest {

  private static final Duration SOON = Duration.ofMillis(5);

  private final BlockingQueue<Set<Peer>> told = new LinkedBlockingQueue<>();
  private final ConcurrentHashMap<String, InetAddress[]> names = new ConcurrentHashMap<>();

  @Test
  void addressesAreMembersAtOnce() throws Exception {
    try (SeedsRoster roster =
        new SeedsRoster(List.of(new Seed("10.0.0.1", 29998), new Seed("fd00::1", 1)))) {
      // When
      roster.start(told::add);

      // Then
      assertThat(next())
          .extracting(Peer::address)
          .containsExactlyInAnyOrder("10.0.0.1:29998", "[fd00:0:0:0:0:0:0:1]:1");
    }
  }

  @Test
  void aNameMeansAllItsAddressesAndIsResolvedAgain() throws Exception {
    try (SeedsRoster roster = roster(new Seed("agents", 29998), new Seed("10.0.0.9", 29998))) {
      // Given a name that is not known yet
      roster.start(told::add);
      assertThat(next()).extracting(Peer::host).containsExactly("10.0.0.9");

      // When
      names.put("agents", addresses("10.0.0.1", "10.0.0.2"));
      assertThat(next())
          .extracting(Peer::host)
          .containsExactlyInAnyOrder("10.0.0.1", "10.0.0.2", "10.0.0.9");
      names.put("agents", addresses("10.0.0.2", "10.0.0.9"));

      // Then each address is one member
      assertThat(next()).extracting(Peer::host).containsExactlyInAnyOrder("10.0.0.2", "10.0.0.9");
    }
  }

  @Test
  void aNameThatIsLostKeepsItsAddresses() throws Exception {
    try (SeedsRoster roster = roster(new Seed("agents", 1), new Seed("others", 1))) {
      // Given
      names.put("agents", addresses("10.0.0.1"));
      names.put("others", addresses("10.0.0.2"));
      roster.start(told::add);
      assertThat(next()).hasSize(2);

      // When
      names.remove("agents");
      names.put("others", addresses("10.0.0.3"));

      // Then
      assertThat(next()).extracting(Peer::host).containsExactlyInAnyOrder("10.0.0.1", "10.0.0.3");
    }
  }

  @Test
  void seedsBeyondTheBoundAreRefused() {
    List<Seed> seeds = Collections.nCopies(Members.MAX_NODES + 1, new Seed("10.0.0.1", 1));

    assertThatThrownBy(() -> new SeedsRoster(seeds))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("10001 seeds");
  }

  private SeedsRoster roster(Seed... seeds) {
    return new SeedsRoster(List.of(seeds), this::resolve, SOON, SOON);
  }

  private InetAddress[] resolve(String host) throws UnknownHostException {
    InetAddress[] addresses = names.get(host);
    if (addresses == null) {
      throw new UnknownHostException(host);
    }
    return addresses;
  }

  private static InetAddress[] addresses(String... hosts) {
    return List.of(hosts).stream().map(InetAddress::ofLiteral).toArray(InetAddress[]::new);
  }

  private Set<Peer> next() throws InterruptedException {
    Set<Peer> next = told.poll(10, TimeUnit.SECONDS);
    assertThat(next).describedAs("told within 10 s").isNotNull();
    return next;
  }
}
