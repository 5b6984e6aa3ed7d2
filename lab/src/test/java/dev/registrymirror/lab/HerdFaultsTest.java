package dev.registrymirror.lab;

import static dev.registrymirror.lab.images.ImageRecipe.MIB;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.registrymirror.agent.bounds.Deadlines;
import dev.registrymirror.lab.Herds.Herd;
import dev.registrymirror.lab.cri.PullFailed;
import dev.registrymirror.lab.images.ImageRecipe;
import dev.registrymirror.lab.machine.Await;
import dev.registrymirror.lab.tools.Containerd;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Something befalls a download that nodes follow, in the middle of a layer. Every release leads a
 * herd of all releases.
 */
@NeedsLab
class HerdFaultsTest {

  /** One download, with all headers. */
  private static final double ONCE = 1.05;

  /** One download, and at most one more for a fault. */
  private static final double TWICE = 2 * ONCE;

  private static final long LITTLE = 100_000;

  /** The fault is noticed within the bound; the rest is the layer itself, on a busy machine. */
  private static final Duration BOUND =
      Deadlines.DEFAULTS.flightWait().plus(Duration.ofSeconds(30));

  private static final List<Node> LEADERS = new ArrayList<>();
  private static final List<Node> FOLLOWERS = new ArrayList<>();

  private static Lab lab;
  private static Node parallel;
  private static String[] options;

  /** What befalls the node that leads. */
  enum Fault {
    AGENT_KILLED {
      @Override
      void befall(Herd herd) {
        herd.leader().mirror().kill();
      }

      @Override
      void pass(Herd herd) {
        herd.led().end();
        herd.leader().startAgent(options);
      }
    },

    CONTAINERD_KILLED {
      @Override
      void befall(Herd herd) {
        herd.leader().containerd().kill();
      }

      @Override
      void pass(Herd herd) {
        herd.leader().startContainerd();
      }
    },

    /** Neither the others nor upstream can be reached any more; nobody is told. */
    CUT_OFF {
      @Override
      void befall(Herd herd) {
        herd.leader().peerLink().drop();
        herd.leader().upstreamLink().drop();
      }

      @Override
      void pass(Herd herd) {
        herd.led().cancel();
        herd.leader().peerLink().restore();
        herd.leader().upstreamLink().restore();
      }
    },

    /** It is there, and its download stands still. */
    UPSTREAM_LOST {
      @Override
      void befall(Herd herd) {
        herd.leader().upstreamLink().drop();
      }

      @Override
      void pass(Herd herd) {
        herd.led().cancel();
        herd.leader().upstreamLink().restore();
      }
    },

    PULL_CANCELLED {
      @Override
      void befall(Herd herd) {
        herd.led().cancel();
      }

      @Override
      void pass(Herd herd) {}
    };

    abstract void befall(Herd herd);

    /** It is over, for the leader too. */
    abstract void pass(Herd herd);
  }

  @BeforeAll
  static void open() {
    lab = Lab.create();
    for (Containerd release : Containerd.values()) {
      LEADERS.add(lab.node("leader-" + lower(release), release));
      FOLLOWERS.add(lab.node("follower-" + lower(release), release));
    }
    parallel = lab.node("parallel", NodeOptions.of(Containerd.V24).fetchLayersInParallel());
    // No leader is a home: what befalls it befalls the download alone.
    String homes =
        FOLLOWERS.stream()
            .map(node -> node.endpoint(AgentMirror.PEER_PORT))
            .collect(Collectors.joining(","));
    options = new String[] {"--log-level", "debug", "--seeds", homes};
    lab.startAgents(options);
    // What is slow at first is no fault: connections, and a JVM that has loaded nothing.
    lab.pullAtOnce(lab.upstream().push(ImageRecipe.named("first:1")).reference(), lab.nodes());
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  @AfterEach
  void restore() {
    lab.upstream().restore();
    lab.upstream().unlimit();
    lab.upstream().forgetRequests();
    lab.nodes().forEach(node -> node.peerLink().restore());
    lab.startAgents(options);
  }

  @ParameterizedTest
  @EnumSource
  void othersGoOnWithoutTheirLeader(Fault fault) {
    // Given
    Herds herds = Herds.push(lower(fault), lab, LEADERS).lead(MIB).follow(FOLLOWERS);

    // When
    herds.all().forEach(fault::befall);
    herds.hurry();

    // Then: one of them takes over where it stands, and the rest follow it.
    for (Herd herd : herds.all()) {
      assertThat(herd.end()).extracting(Pull::took).allMatch(took -> took.compareTo(BOUND) < 0);
    }
    assertThat(herds.downloads()).isLessThan(TWICE);

    // Then: the leader has it from them, or goes on where it was.
    for (Herd herd : herds.all()) {
      fault.pass(herd);
      Pull again = herd.leader().pull(herd.image().reference());
      assertThat(herd.leader().images()).contains(herd.image().reference());
      assertThat(again.bytesFromUpstream()).isLessThan(LITTLE);
    }
  }

  /** Neither an answer nor a refusal: what the others can tell is that nothing comes. */
  @Test
  void othersGoOnWithoutALeaderThatUpstreamNeverAnswers() {
    // Given: upstream is lost to each leader once it has the manifest.
    Herds herds = Herds.push("silent", lab, LEADERS).lead(Herds.NOTHING_YET);
    LEADERS.forEach(node -> node.upstreamLink().drop());
    herds.hurry();

    // When
    herds.all().forEach(herd -> FOLLOWERS.forEach(herd::join));

    // Then
    for (Herd herd : herds.all()) {
      assertThat(herd.end()).extracting(Pull::took).allMatch(took -> took.compareTo(BOUND) < 0);
    }
    assertThat(herds.downloads()).isLessThan(TWICE);
    herds.all().forEach(herd -> herd.led().cancel());
  }

  /** It may have no credentials, or have asked once too often. */
  @ParameterizedTest
  @ValueSource(ints = {401, 404, 429, 500})
  void anotherLeadsWhereUpstreamRefusesTheLeader(int status) {
    // Given: upstream's answer comes when others have asked too.
    Herds herds = Herds.push("refused-" + status, lab, LEADERS);
    CountDownLatch othersFollow = new CountDownLatch(1);
    lab.upstream().answer(status, asked -> herds.isLeaders(asked) && holds(othersFollow));
    herds.lead(Herds.NOTHING_YET).all().forEach(herd -> FOLLOWERS.forEach(herd::join));
    for (Herd herd : herds.all()) {
      Await.until("a node follows " + herd.leader(), Herds.SOON, () -> isFollowed(herd));
    }

    // When
    othersFollow.countDown();
    herds.hurry();

    // Then: one other asks upstream, and the leader has it from there.
    herds.endAll();
    assertThat(herds.downloads()).isLessThan(ONCE);
  }

  private static boolean holds(CountDownLatch latch) {
    try {
      return latch.await(Herds.SOON.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private static boolean isFollowed(Herd herd) {
    return FOLLOWERS.stream().anyMatch(node -> follows(node, herd.leader(), herd));
  }

  @Test
  void followersOfAFollowerGoOnWithoutIt() {
    // Given
    Herds herds = Herds.push("parent", lab, LEADERS.subList(0, 1)).lead(MIB).follow(FOLLOWERS);
    Herd herd = herds.all().getFirst();
    Node parent = parent(herd);

    // When
    parent.containerd().kill();
    herds.hurry();

    // Then
    for (int i = 0; i < FOLLOWERS.size(); i++) {
      if (FOLLOWERS.get(i).equals(parent)) {
        PullUnderWay pull = herd.followed().get(i);
        assertThatThrownBy(pull::end).isInstanceOf(PullFailed.class);
      } else {
        herd.followed().get(i).end();
      }
    }
    herd.led().end();
    assertThat(herds.downloads()).isLessThan(ONCE);

    // Then
    parent.startContainerd();
    assertThat(parent.pull(herd.image().reference()).bytesFromUpstream()).isLessThan(LITTLE);
  }

  @Test
  void followersOfAFollowerGoOnWithoutItsAgent() {
    // Given
    Herds herds =
        Herds.push("parents-agent", lab, LEADERS.subList(0, 1)).lead(MIB).follow(FOLLOWERS);

    // When
    parent(herds.all().getFirst()).mirror().kill();
    herds.hurry();

    // Then: who has no agent any more may go upstream for the rest.
    herds.endAll();
    assertThat(herds.downloads()).isLessThan(TWICE);
  }

  /** One that another takes the layer from. */
  private static Node parent(Herd herd) {
    return FOLLOWERS.stream()
        .filter(node -> FOLLOWERS.stream().anyMatch(other -> follows(other, node, herd)))
        .findFirst()
        .orElseThrow();
  }

  private static boolean follows(Node child, Node parent, Herd herd) {
    String address = parent.endpoint(AgentMirror.PEER_PORT);
    try (Stream<String> lines = Files.lines(child.mirror().log())) {
      return lines
          .filter(line -> line.contains("\"follows\"") && line.contains(herd.layer().toString()))
          .anyMatch(line -> line.contains(address));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void whoComesLateStartsAtTheBeginning() {
    // Given
    Herds herds = Herds.push("late", lab, LEADERS).lead(MIB);

    // When: one after the other, each in the middle of the others' download.
    for (Node follower : FOLLOWERS) {
      herds.all().forEach(herd -> herd.join(follower));
      herds.all().forEach(herd -> herd.awaitIngested(follower, MIB));
    }
    herds.hurry();

    // Then
    herds.endAll();
    for (Herd herd : herds.all()) {
      assertThat(herd.downloads()).as(herd.image().reference()).hasSize(1);
    }
    assertThat(herds.downloads()).isLessThan(ONCE);
  }

  @Test
  void othersFollowAnIngestThatIsResumed() {
    // Given
    Herds herds = Herds.push("resumed", lab, LEADERS).lead(MIB).follow(FOLLOWERS);

    // When
    for (Herd herd : herds.all()) {
      herd.leader().containerd().kill();
      herd.leader().startContainerd();
      herd.lead();
    }
    herds.hurry();

    // Then
    herds.endAll();
    assertThat(herds.downloads()).isLessThan(TWICE);
  }

  @Test
  void twoPullsOnOneNodeAreOneDownload() {
    // Given: one layer under two names.
    Herds herds = Herds.push("twice", lab, LEADERS).lead(MIB);

    // When
    for (Herd herd : herds.all()) {
      herd.join(herd.leader());
      FOLLOWERS.forEach(herd::join);
      FOLLOWERS.forEach(herd::join);
    }
    herds.hurry();

    // Then
    herds.endAll();
    for (Herd herd : herds.all()) {
      assertThat(herd.downloads()).as(herd.image().reference()).hasSize(1);
    }
    assertThat(herds.downloads()).isLessThan(ONCE);
  }

  @Test
  void wrongBytesSpoilOnePullOfEachNodeAtMost() {
    // Given: upstream gives wrong bytes once.
    Set<String> given = ConcurrentHashMap.newKeySet();
    Herds herds = Herds.push("wrong", lab, LEADERS);
    Set<String> layers =
        herds.all().stream().map(herd -> herd.layer().toString()).collect(Collectors.toSet());
    lab.upstream()
        .spoil(asked -> layers.contains(asked.reference()) && given.add(asked.reference()));
    herds.lead(MIB).follow(FOLLOWERS).hurry();

    // When
    for (Herd herd : herds.all()) {
      assertThatThrownBy(herd.led()::end).isInstanceOf(PullFailed.class);
      herd.followed().forEach(HerdFaultsTest::endOrFail);
    }

    // Then
    for (Herd herd : herds.all()) {
      for (Node node : herd.nodes()) {
        Await.until(node + " pulls " + herd.image(), Herds.SOON, () -> succeeds(node, herd));
      }
    }
  }

  /**
   * containerd hashes what it writes, not what its disk makes of it: it commits the blob all the
   * same, and cannot unpack it then.
   */
  @Test
  void aLeadersBadDiskSpoilsOnePullOfEachOtherNodeAtMost() {
    // Given: what the others read is not what the leader wrote.
    Herds herds = Herds.push("disk", lab, LEADERS).lead(MIB);
    herds.all().forEach(herd -> overwrite(herd.leader().ingest(herd.layer()).orElseThrow()));
    herds.follow(FOLLOWERS).hurry();

    // When
    for (Herd herd : herds.all()) {
      assertThatThrownBy(herd.led()::end).isInstanceOf(PullFailed.class);
      herd.followed().forEach(HerdFaultsTest::endOrFail);
    }

    // Then
    for (Herd herd : herds.all()) {
      for (Node node : FOLLOWERS) {
        Await.until(node + " pulls " + herd.image(), Herds.SOON, () -> succeeds(node, herd));
      }
    }
  }

  private static void overwrite(Path ingest) {
    try (FileChannel file = FileChannel.open(ingest, StandardOpenOption.WRITE)) {
      file.write(ByteBuffer.allocate(4096), 100_000);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void endOrFail(PullUnderWay pull) {
    try {
      pull.end();
    } catch (PullFailed e) {
      assertThat(e).hasMessageContaining("digest");
    }
  }

  // Until its garbage collection takes the bad bytes, containerd commits them again without asking.
  private static boolean succeeds(Node node, Herd herd) {
    try {
      node.pull(herd.image().reference());
      return true;
    } catch (PullFailed e) {
      assertThat(e).hasMessageContaining(herd.layer().toString());
      return false;
    }
  }

  @Test
  void goesOnWhenItsHomeIsKilled() {
    // Given: neither leads nor follows.
    Herds herds = Herds.push("home", lab, LEADERS.subList(2, 3)).lead(MIB);
    Herd herd = herds.all().getFirst();
    Node home = Providers.homeOfFlight(herd.layer(), FOLLOWERS);
    List<Node> others = FOLLOWERS.stream().filter(node -> !node.equals(home)).toList();
    herds.follow(others.subList(0, 1));

    // When: another home knows of no download, so whoever comes then leads one more.
    home.mirror().kill();
    herd.join(others.get(1));
    herds.hurry();

    // Then
    herd.end();
    herd.led().end();
    assertThat(herds.downloads()).isLessThan(TWICE);
  }

  @Test
  void othersFollowALayerThatIsFetchedInParallel() {
    Herds herds = Herds.push("led", lab, List.of(parallel)).lead(MIB).follow(FOLLOWERS);
    herds.hurry();

    Herd herd = herds.all().getFirst();
    herd.end();
    herd.led().end();
    // Each range is open-ended: upstream sends more than is read before it is closed.
    assertThat(herds.downloads()).isLessThan(TWICE);
    assertThat(herd.downloads()).allMatch(asked -> asked.node().equals(parallel.name()));
  }

  @Test
  void whoFetchesLayersInParallelFollows() {
    Herds herds = Herds.push("followed", lab, LEADERS).lead(MIB).follow(List.of(parallel));
    herds.hurry();

    herds.endAll();
    assertThat(herds.downloads()).isLessThan(ONCE);
  }
}
