package dev.registrymirror.agent.peers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import dev.registrymirror.agent.homes.Complaint;
import dev.registrymirror.agent.homes.Failure;
import dev.registrymirror.agent.homes.Message;
import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.homes.Place;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.oci.Tag;
import dev.registrymirror.agent.peers.MessageCodec.MalformedMessageException;
import dev.registrymirror.agent.peers.v1.PeerProto;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.arbitraries.StringArbitrary;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MessageCodecTest {

  private static final Peer SELF = new Peer("10.0.0.1", 29998, "a");

  @Property(tries = 1_000)
  void whatIsEncodedIsDecoded(@ForAll("peers") Peer sender, @ForAll("messages") Message message)
      throws IOException {
    // When
    MessageCodec.Envelope envelope = MessageCodec.decode(MessageCodec.encode(sender, message));

    // Then
    assertThat(envelope.message()).isEqualTo(message);
    assertThat(envelope.sender()).isEqualTo(sender);
    assertThat(envelope.sender().zone()).isEqualTo(sender.zone());
    if (message instanceof Message.Providers providers
        && envelope.message() instanceof Message.Providers decoded) {
      // Peers of different zones are equal.
      assertThat(decoded.providers())
          .extracting(Peer::zone)
          .isEqualTo(providers.providers().stream().map(Peer::zone).toList());
    }
  }

  @Property(tries = 2_000)
  void garbageIsMalformedOrAMessage(@ForAll @Size(max = 300) byte[] garbage) {
    decodeOrRefuse(garbage);
  }

  @Property(tries = 2_000)
  void aDamagedMessageIsMalformedOrAMessage(
      @ForAll("messages") Message message, @ForAll int at, @ForAll byte damage, @ForAll int cut) {
    // Given
    byte[] bytes = MessageCodec.encode(SELF, message);

    // When a byte is changed, and when the end is missing
    byte[] changed = bytes.clone();
    changed[Math.floorMod(at, bytes.length)] ^= damage;
    decodeOrRefuse(changed);
    decodeOrRefuse(Arrays.copyOf(bytes, Math.floorMod(cut, bytes.length)));
  }

  private static void decodeOrRefuse(byte[] bytes) {
    try {
      Message message = MessageCodec.decode(bytes).message();
      if (!(message instanceof Message.Unknown)) {
        MessageCodec.encode(SELF, message);
      }
    } catch (MalformedMessageException e) {
      assertThat(e).hasMessageNotContaining("null");
    }
  }

  @Test
  void aFieldOfANewerReleaseIsPassedOver() throws IOException {
    // Given
    Message message = new Message.Hello(42);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(MessageCodec.encode(SELF, message));
    CodedOutputStream output = CodedOutputStream.newInstance(bytes);
    output.writeString(2_000, "of a newer release");
    output.flush();

    // Then
    assertThat(MessageCodec.decode(bytes.toByteArray()).message()).isEqualTo(message);
  }

  @Test
  void aMessageOfANewerReleaseIsUnknown() throws IOException {
    // Given
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream output = CodedOutputStream.newInstance(bytes);
    output.writeByteArray(1, PeerProto.Peer.newBuilder().setHost("10.0.0.2").build().toByteArray());
    output.writeByteArray(31, new byte[0]);
    output.flush();

    // Then
    assertThat(MessageCodec.decode(bytes.toByteArray()).message()).isEqualTo(new Message.Unknown());
  }

  @Test
  void aFailureOfANewerReleaseIsUnknown() throws IOException {
    // Given
    PeerProto.Envelope envelope =
        PeerProto.Envelope.newBuilder()
            .setSender(PeerProto.Peer.newBuilder().setHost("10.0.0.2"))
            .setReport(
                PeerProto.Report.newBuilder()
                    .setDigest(ByteString.copyFrom(new byte[32]))
                    .setProvider(PeerProto.Peer.newBuilder().setHost("10.0.0.3"))
                    .setFailureValue(99))
            .build();

    // Then
    assertThat(MessageCodec.decode(envelope.toByteArray()).message())
        .isEqualTo(new Message.Unknown());
  }

  @Test
  void aPlaceOfANewerReleaseIsToLead() throws IOException {
    // Given
    PeerProto.Envelope envelope =
        envelope().setJoined(PeerProto.Joined.newBuilder().setIncarnation(7)).build();

    // Then
    assertThat(MessageCodec.decode(envelope.toByteArray()).message())
        .isEqualTo(new Message.Joined(7, Place.LEAD));
  }

  @Test
  void numbersOfAJoinAreKeptWithinTheirBounds() throws IOException {
    // Given counts and times with a sign bit
    PeerProto.Peer parent = PeerProto.Peer.newBuilder().setHost("10.0.0.3").build();
    PeerProto.Join join =
        PeerProto.Join.newBuilder()
            .setDigest(ByteString.copyFrom(new byte[32]))
            .setLeads(-1)
            .setComplaint(PeerProto.Complaint.newBuilder().setParent(parent).setQuietMillis(-1))
            .build();

    // When
    Message message = MessageCodec.decode(envelope().setJoin(join).build().toByteArray()).message();

    // Then
    assertThat(message)
        .isInstanceOfSatisfying(
            Message.Join.class,
            decoded -> {
              assertThat(decoded.leads()).isZero();
              assertThat(decoded.complaint().orElseThrow().quietMillis())
                  .isEqualTo(Message.MAX_AGE_MILLIS);
            });
  }

  @Test
  void placesAndComplaintsThatAreMalformedAreRefused() {
    // Given
    PeerProto.Peer name = PeerProto.Peer.newBuilder().setHost("node.example").build();
    ByteString digest = ByteString.copyFrom(new byte[32]);
    PeerProto.Joined.Builder joined = PeerProto.Joined.newBuilder();

    // Then
    assertRefused(envelope().setJoin(PeerProto.Join.newBuilder()), "digest of 0 bytes");
    assertRefused(envelope().setDepart(PeerProto.Depart.newBuilder()), "digest of 0 bytes");
    assertRefused(
        envelope()
            .setJoin(
                PeerProto.Join.newBuilder()
                    .setDigest(digest)
                    .setComplaint(PeerProto.Complaint.newBuilder())),
        "not an address");
    assertRefused(envelope().setJoined(joined.clone().setFollow(name)), "not an address");
    assertRefused(
        envelope()
            .setJoined(joined.clone().setFetch(PeerProto.Holders.newBuilder().addProviders(name))),
        "not an address");
    Message.Joined many = new Message.Joined(1, new Place.Fetch(Collections.nCopies(129, SELF)));
    assertThatThrownBy(() -> MessageCodec.decode(MessageCodec.encode(SELF, many)))
        .isInstanceOf(MalformedMessageException.class)
        .hasMessage("129 providers, at most 128");
  }

  private static PeerProto.Envelope.Builder envelope() {
    return PeerProto.Envelope.newBuilder()
        .setSender(PeerProto.Peer.newBuilder().setHost("10.0.0.2"));
  }

  private static void assertRefused(PeerProto.Envelope.Builder envelope, String why) {
    assertThatThrownBy(() -> MessageCodec.decode(envelope.build().toByteArray()))
        .isInstanceOf(MalformedMessageException.class)
        .hasMessageContaining(why);
  }

  @Test
  void whatIsBeyondItsBoundsIsRefused() {
    assertThatThrownBy(() -> MessageCodec.decode(new byte[MessageCodec.MAX_BYTES + 1]))
        .isInstanceOf(MalformedMessageException.class)
        .hasMessageContaining("524289 bytes");
    assertThatThrownBy(() -> MessageCodec.decode(MessageCodec.encode(SELF, held(4_097))))
        .isInstanceOf(MalformedMessageException.class)
        .hasMessage("4097 changes, at most 4096");
    Message providers = new Message.Providers(1, false, Collections.nCopies(129, SELF));
    assertThatThrownBy(() -> MessageCodec.decode(MessageCodec.encode(SELF, providers)))
        .isInstanceOf(MalformedMessageException.class)
        .hasMessage("129 providers, at most 128");
    assertThatThrownBy(() -> MessageCodec.encode(SELF, held(40_000)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatHasNoSenderIsRefused() {
    assertThatThrownBy(() -> MessageCodec.decode(new byte[0]))
        .isInstanceOf(MalformedMessageException.class)
        .hasMessageContaining("host");
  }

  @ParameterizedTest
  @ValueSource(strings = {"node.example", "10.0.0", "10.0.0.1\r\nX: y", "a/b", "0x7f.1"})
  void whoIsNoAddressIsRefused(String host) {
    byte[] said = MessageCodec.encode(new Peer(host, 29998, ""), new Message.Hello(1));

    assertThatThrownBy(() -> MessageCodec.decode(said))
        .isInstanceOf(MalformedMessageException.class)
        .hasMessageContaining("not an address");
  }

  @Test
  void theLargestAnnouncementFits() throws IOException {
    // Given as many changes as one message may carry
    Message message = held(Message.MAX_ENTRIES);

    // Then
    assertThat(MessageCodec.encode(SELF, message)).hasSizeLessThan(MessageCodec.MAX_BYTES);
    assertThat(MessageCodec.decode(MessageCodec.encode(SELF, message)).message())
        .isEqualTo(message);
  }

  private static Message held(int count) {
    Digest digest = Digest.parse("sha256:" + "ab".repeat(32));
    return new Message.Announce(
        1, 0, 1, true, true, Collections.nCopies(count, digest), List.of(), List.of(), List.of());
  }

  @Provide
  Arbitrary<Message> messages() {
    return Arbitraries.oneOf(
        announcements(),
        longs().map(Message.Hello::new),
        longs().map(Message.Leave::new),
        digests().map(Message.Find::new),
        tags().map(Message.FindTag::new),
        Combinators.combine(digests(), peers(), Arbitraries.of(Failure.values()))
            .as(Message.Report::new),
        joins(),
        digests().map(Message.Depart::new),
        Combinators.combine(longs(), places()).as(Message.Joined::new),
        Combinators.combine(holdings().list().ofMaxSize(4), tagHoldings().list().ofMaxSize(4))
            .as(Message.HandOver::new),
        Combinators.combine(longs(), longs(), longs(), booleans()).as(Message.Announced::new),
        Combinators.combine(longs(), booleans(), peers().list().ofMaxSize(8))
            .as(Message.Providers::new),
        Combinators.combine(longs(), booleans(), seen().list().ofMaxSize(8)).as(Message.Tags::new),
        longs().map(Message.Noted::new),
        longs().map(Message.Unsupported::new));
  }

  private static Arbitrary<Message> announcements() {
    Arbitrary<List<Digest>> digests = digests().list().ofMaxSize(6);
    Arbitrary<Message.HeldTag> held =
        Combinators.combine(tags(), digests(), ages()).as(Message.HeldTag::new);
    return Combinators.combine(
            Combinators.combine(longs(), longs(), longs()).as(List::of),
            booleans(),
            booleans(),
            digests,
            digests,
            held.list().ofMaxSize(6),
            tags().list().ofMaxSize(6))
        .as(
            (numbers, reset, complete, heldDigests, withdrawn, heldTags, withdrawnTags) ->
                new Message.Announce(
                    numbers.get(0),
                    numbers.get(1),
                    numbers.get(2),
                    reset,
                    complete,
                    heldDigests,
                    withdrawn,
                    heldTags,
                    withdrawnTags));
  }

  private static Arbitrary<Message> joins() {
    Arbitrary<Complaint> complaints =
        Combinators.combine(zonedPeers(), booleans(), ages()).as(Complaint::new);
    Arbitrary<Integer> leads = Arbitraries.integers().greaterOrEqual(0);
    return Combinators.combine(digests(), booleans(), leads, complaints.optional())
        .as(Message.Join::new);
  }

  private static Arbitrary<Place> places() {
    return Arbitraries.oneOf(
        Arbitraries.just(Place.LEAD),
        zonedPeers().map(Place.Follow::new),
        zonedPeers().list().ofMaxSize(8).map(Place.Fetch::new),
        ages().map(Place.Wait::new));
  }

  private static Arbitrary<Message.Holding> holdings() {
    return Combinators.combine(digests(), zonedPeers().list().ofMaxSize(5))
        .as(Message.Holding::new);
  }

  private static Arbitrary<Message.TagHolding> tagHoldings() {
    return Combinators.combine(tags(), seen().list().ofMaxSize(5)).as(Message.TagHolding::new);
  }

  private static Arbitrary<Message.SeenTag> seen() {
    return Combinators.combine(digests(), ages(), zonedPeers()).as(Message.SeenTag::new);
  }

  private static Arbitrary<Long> longs() {
    return Arbitraries.longs();
  }

  private static Arbitrary<Long> ages() {
    return Arbitraries.longs().between(0, Message.MAX_AGE_MILLIS);
  }

  private static Arbitrary<Boolean> booleans() {
    return Arbitraries.of(true, false);
  }

  private static Arbitrary<Digest> digests() {
    return Arbitraries.of(Digest.Algorithm.values())
        .flatMap(
            algorithm ->
                Arbitraries.strings()
                    .withChars("0123456789abcdef")
                    .ofLength(algorithm.hexLength())
                    .map(hex -> new Digest(algorithm, hex)));
  }

  private static Arbitrary<Tag> tags() {
    StringArbitrary words = Arbitraries.strings().withCharRange('a', 'z').ofMinLength(1);
    return Combinators.combine(
            words.ofMaxLength(60), words.ofMaxLength(200), words.ofMaxLength(128))
        .as((registry, name, tag) -> new Tag(new Repository(registry, name), tag));
  }

  @Provide
  Arbitrary<Peer> peers() {
    return zonedPeers();
  }

  private static Arbitrary<Peer> zonedPeers() {
    return Combinators.combine(
            Arbitraries.of("10.0.0.1", "fd00::1", "2001:db8:85a3::8a2e:370:7334"),
            Arbitraries.integers().between(0, 65_535),
            Arbitraries.strings().alpha().ofMaxLength(Peer.MAX_ZONE_LENGTH))
        .as(Peer::new);
  }
}
