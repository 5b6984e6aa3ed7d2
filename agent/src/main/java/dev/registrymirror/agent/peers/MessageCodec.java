package dev.registrymirror.agent.peers;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.registrymirror.agent.homes.Complaint;
import dev.registrymirror.agent.homes.Failure;
import dev.registrymirror.agent.homes.Message;
import dev.registrymirror.agent.homes.Peer;
import dev.registrymirror.agent.homes.Place;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.oci.Tag;
import dev.registrymirror.agent.peers.v1.PeerProto;
import io.netty.util.NetUtil;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** {@link Message}s as bytes: {@code registrymirror.peer.v1} in {@code peer.proto}. */
public final class MessageCodec {

  /**
   * No message is longer, in bytes: twice what {@link
   * dev.registrymirror.agent.homes.Settings.Limits#maxMessageBytes} allows for its content.
   */
  public static final int MAX_BYTES = 512 << 10;

  private static final HexFormat HEX = HexFormat.of();

  private MessageCodec() {}

  /** What was received: who says it, by its own words, and what. */
  public record Envelope(Peer sender, Message message) {}

  /** Bytes that are no message. */
  public static final class MalformedMessageException extends IOException {
    private static final long serialVersionUID = 1L;

    MalformedMessageException(String what) {
      super(what);
    }

    MalformedMessageException(String what, Throwable cause) {
      super(what, cause);
    }
  }

  /**
   * The bytes of {@code message}, said by {@code sender}.
   *
   * @throws IllegalArgumentException where they would be more than {@link #MAX_BYTES}, or the
   *     message is {@link Message.Unknown}, which nobody says
   */
  public static byte[] encode(Peer sender, Message message) {
    PeerProto.Envelope.Builder envelope = PeerProto.Envelope.newBuilder().setSender(peer(sender));
    switch (message) {
      case Message.Announce announce -> envelope.setAnnounce(announce(announce));
      case Message.Hello hello ->
          envelope.setHello(PeerProto.Hello.newBuilder().setIncarnation(hello.incarnation()));
      case Message.Leave leave ->
          envelope.setLeave(PeerProto.Leave.newBuilder().setIncarnation(leave.incarnation()));
      case Message.Find find ->
          envelope.setFind(PeerProto.Find.newBuilder().setDigest(digest(find.digest())));
      case Message.FindTag find ->
          envelope.setFindTag(PeerProto.FindTag.newBuilder().setTag(tag(find.tag())));
      case Message.Report report ->
          envelope.setReport(
              PeerProto.Report.newBuilder()
                  .setDigest(digest(report.digest()))
                  .setProvider(peer(report.provider()))
                  .setFailure(failure(report.failure())));
      case Message.HandOver handOver -> envelope.setHandOver(handOver(handOver));
      case Message.Join join -> envelope.setJoin(join(join));
      case Message.Progress progress ->
          envelope.setProgress(
              PeerProto.Progress.newBuilder()
                  .setDigest(digest(progress.digest()))
                  .setPosition(progress.position())
                  .setSize(progress.size())
                  .setUpstreamRate(progress.upstreamRate()));
      case Message.Depart depart ->
          envelope.setDepart(PeerProto.Depart.newBuilder().setDigest(digest(depart.digest())));
      case Message.Joined joined -> envelope.setJoined(joined(joined));
      case Message.Announced announced ->
          envelope.setAnnounced(
              PeerProto.Announced.newBuilder()
                  .setIncarnation(announced.incarnation())
                  .setProvider(announced.provider())
                  .setSequence(announced.sequence())
                  .setResync(announced.resync()));
      case Message.Providers providers -> envelope.setProviders(providers(providers));
      case Message.Tags tags -> envelope.setTags(tags(tags));
      case Message.Noted noted ->
          envelope.setNoted(PeerProto.Noted.newBuilder().setIncarnation(noted.incarnation()));
      case Message.Unsupported unsupported ->
          envelope.setUnsupported(
              PeerProto.Unsupported.newBuilder().setIncarnation(unsupported.incarnation()));
      case Message.Unknown _ -> throw new IllegalArgumentException("nobody says the unknown");
    }
    byte[] bytes = envelope.build().toByteArray();
    if (bytes.length > MAX_BYTES) {
      throw new IllegalArgumentException("message of " + bytes.length + " bytes");
    }
    return bytes;
  }

  /**
   * What {@code bytes} say. Fields that this release does not know are passed over; a message that
   * it does not know is {@link Message.Unknown}.
   *
   * @throws MalformedMessageException where they are no message, or one beyond its bounds
   */
  public static Envelope decode(byte[] bytes) throws MalformedMessageException {
    if (bytes.length > MAX_BYTES) {
      throw new MalformedMessageException("message of " + bytes.length + " bytes");
    }
    try {
      PeerProto.Envelope envelope = PeerProto.Envelope.parseFrom(bytes);
      return new Envelope(peer(envelope.getSender()), message(envelope));
    } catch (InvalidProtocolBufferException e) {
      throw new MalformedMessageException("not protobuf", e);
    } catch (IllegalArgumentException e) {
      // What the parts of a message refuse to be made of.
      throw new MalformedMessageException(e.getMessage(), e);
    }
  }

  private static Message message(PeerProto.Envelope envelope) throws MalformedMessageException {
    return switch (envelope.getMessageCase()) {
      case ANNOUNCE -> announce(envelope.getAnnounce());
      case HELLO -> new Message.Hello(envelope.getHello().getIncarnation());
      case LEAVE -> new Message.Leave(envelope.getLeave().getIncarnation());
      case FIND -> new Message.Find(digest(envelope.getFind().getDigest()));
      case FIND_TAG -> new Message.FindTag(tag(envelope.getFindTag().getTag()));
      case REPORT -> report(envelope.getReport());
      case HAND_OVER -> handOver(envelope.getHandOver());
      case JOIN -> join(envelope.getJoin());
      case PROGRESS -> progress(envelope.getProgress());
      case DEPART -> new Message.Depart(digest(envelope.getDepart().getDigest()));
      case JOINED -> joined(envelope.getJoined());
      case ANNOUNCED -> {
        PeerProto.Announced announced = envelope.getAnnounced();
        yield new Message.Announced(
            announced.getIncarnation(),
            announced.getProvider(),
            announced.getSequence(),
            announced.getResync());
      }
      case PROVIDERS -> {
        PeerProto.Providers providers = envelope.getProviders();
        yield new Message.Providers(
            providers.getIncarnation(), providers.getYoung(), peers(providers.getProvidersList()));
      }
      case TAGS -> {
        PeerProto.Tags tags = envelope.getTags();
        yield new Message.Tags(tags.getIncarnation(), tags.getYoung(), seen(tags.getTagsList()));
      }
      case NOTED -> new Message.Noted(envelope.getNoted().getIncarnation());
      case UNSUPPORTED -> new Message.Unsupported(envelope.getUnsupported().getIncarnation());
      case MESSAGE_NOT_SET -> new Message.Unknown();
    };
  }

  private static PeerProto.Announce announce(Message.Announce announce) {
    PeerProto.Announce.Builder builder =
        PeerProto.Announce.newBuilder()
            .setIncarnation(announce.incarnation())
            .setBase(announce.base())
            .setSequence(announce.sequence())
            .setReset(announce.reset())
            .setComplete(announce.complete());
    announce.held().forEach(digest -> builder.addHeld(digest(digest)));
    announce.withdrawn().forEach(digest -> builder.addWithdrawn(digest(digest)));
    for (Message.HeldTag held : announce.heldTags()) {
      builder.addHeldTags(
          PeerProto.HeldTag.newBuilder()
              .setTag(tag(held.tag()))
              .setDigest(digest(held.digest()))
              .setAgeMillis(held.ageMillis()));
    }
    announce.withdrawnTags().forEach(tag -> builder.addWithdrawnTags(tag(tag)));
    return builder.build();
  }

  private static Message.Announce announce(PeerProto.Announce announce)
      throws MalformedMessageException {
    int entries =
        announce.getHeldCount()
            + announce.getWithdrawnCount()
            + announce.getHeldTagsCount()
            + announce.getWithdrawnTagsCount();
    bounded(entries, Message.MAX_ENTRIES, "changes");
    List<Message.HeldTag> heldTags = new ArrayList<>();
    for (PeerProto.HeldTag held : announce.getHeldTagsList()) {
      heldTags.add(
          new Message.HeldTag(
              tag(held.getTag()), digest(held.getDigest()), age(held.getAgeMillis())));
    }
    List<Tag> withdrawnTags = new ArrayList<>();
    for (PeerProto.Tag tag : announce.getWithdrawnTagsList()) {
      withdrawnTags.add(tag(tag));
    }
    return new Message.Announce(
        announce.getIncarnation(),
        announce.getBase(),
        announce.getSequence(),
        announce.getReset(),
        announce.getComplete(),
        digests(announce.getHeldList()),
        digests(announce.getWithdrawnList()),
        heldTags,
        withdrawnTags);
  }

  private static Message report(PeerProto.Report report) throws MalformedMessageException {
    Digest digest = digest(report.getDigest());
    Peer provider = peer(report.getProvider());
    return switch (report.getFailure()) {
      case FAILURE_NOT_HELD -> new Message.Report(digest, provider, Failure.NOT_HELD);
      case FAILURE_UNREACHABLE -> new Message.Report(digest, provider, Failure.UNREACHABLE);
      case FAILURE_STALLED -> new Message.Report(digest, provider, Failure.STALLED);
      case FAILURE_CORRUPT -> new Message.Report(digest, provider, Failure.CORRUPT);
      // A newer release's.
      case FAILURE_UNSPECIFIED, UNRECOGNIZED -> new Message.Unknown();
    };
  }

  private static PeerProto.Failure failure(Failure failure) {
    return switch (failure) {
      case NOT_HELD -> PeerProto.Failure.FAILURE_NOT_HELD;
      case UNREACHABLE -> PeerProto.Failure.FAILURE_UNREACHABLE;
      case STALLED -> PeerProto.Failure.FAILURE_STALLED;
      case CORRUPT -> PeerProto.Failure.FAILURE_CORRUPT;
    };
  }

  private static PeerProto.Join join(Message.Join join) {
    PeerProto.Join.Builder builder =
        PeerProto.Join.newBuilder()
            .setDigest(digest(join.digest()))
            .setRefused(join.refused())
            .setLeads(join.leads());
    join.complaint()
        .ifPresent(
            complaint ->
                builder.setComplaint(
                    PeerProto.Complaint.newBuilder()
                        .setParent(peer(complaint.parent()))
                        .setUnreachable(complaint.unreachable())
                        .setQuietMillis(complaint.quietMillis())));
    return builder.build();
  }

  private static Message.Join join(PeerProto.Join join) throws MalformedMessageException {
    Optional<Complaint> complaint = Optional.empty();
    if (join.hasComplaint()) {
      PeerProto.Complaint said = join.getComplaint();
      complaint =
          Optional.of(
              new Complaint(
                  peer(said.getParent()), said.getUnreachable(), age(said.getQuietMillis())));
    }
    return new Message.Join(
        digest(join.getDigest()), join.getRefused(), Math.max(0, join.getLeads()), complaint);
  }

  private static Message.Progress progress(PeerProto.Progress progress)
      throws MalformedMessageException {
    if (progress.getPosition() < 0
        || progress.getSize() < progress.getPosition()
        || progress.getUpstreamRate() < 0) {
      throw new MalformedMessageException("progress beyond the size");
    }
    return new Message.Progress(
        digest(progress.getDigest()),
        progress.getPosition(),
        progress.getSize(),
        progress.getUpstreamRate());
  }

  private static PeerProto.Joined joined(Message.Joined joined) {
    PeerProto.Joined.Builder builder =
        PeerProto.Joined.newBuilder().setIncarnation(joined.incarnation());
    switch (joined.place()) {
      case Place.Lead _ -> builder.setLead(true);
      case Place.Follow follow -> builder.setFollow(peer(follow.parent()));
      case Place.Fetch fetch -> {
        PeerProto.Holders.Builder holders = PeerProto.Holders.newBuilder();
        fetch.providers().forEach(each -> holders.addProviders(peer(each)));
        builder.setFetch(holders);
      }
      case Place.Wait wait -> builder.setWaitMillis(wait.millis());
    }
    return builder.build();
  }

  private static Message joined(PeerProto.Joined joined) throws MalformedMessageException {
    Place place =
        switch (joined.getPlaceCase()) {
          // A newer release's place: upstream is right in any case.
          case LEAD, PLACE_NOT_SET -> Place.LEAD;
          case FOLLOW -> new Place.Follow(peer(joined.getFollow()));
          case FETCH -> new Place.Fetch(peers(joined.getFetch().getProvidersList()));
          case WAIT_MILLIS -> new Place.Wait(age(joined.getWaitMillis()));
        };
    return new Message.Joined(joined.getIncarnation(), place);
  }

  private static PeerProto.HandOver handOver(Message.HandOver handOver) {
    PeerProto.HandOver.Builder builder = PeerProto.HandOver.newBuilder();
    for (Message.Holding holding : handOver.holdings()) {
      PeerProto.Holding.Builder each =
          PeerProto.Holding.newBuilder().setDigest(digest(holding.digest()));
      holding.providers().forEach(peer -> each.addProviders(peer(peer)));
      builder.addHoldings(each);
    }
    for (Message.TagHolding holding : handOver.tagHoldings()) {
      PeerProto.TagHolding.Builder each =
          PeerProto.TagHolding.newBuilder().setTag(tag(holding.tag()));
      holding.seen().forEach(seen -> each.addSeen(seen(seen)));
      builder.addTagHoldings(each);
    }
    return builder.build();
  }

  private static Message.HandOver handOver(PeerProto.HandOver handOver)
      throws MalformedMessageException {
    bounded(
        handOver.getHoldingsCount() + handOver.getTagHoldingsCount(),
        Message.MAX_ENTRIES,
        "holdings");
    List<Message.Holding> holdings = new ArrayList<>();
    for (PeerProto.Holding each : handOver.getHoldingsList()) {
      holdings.add(new Message.Holding(digest(each.getDigest()), peers(each.getProvidersList())));
    }
    List<Message.TagHolding> tagHoldings = new ArrayList<>();
    for (PeerProto.TagHolding each : handOver.getTagHoldingsList()) {
      tagHoldings.add(new Message.TagHolding(tag(each.getTag()), seen(each.getSeenList())));
    }
    return new Message.HandOver(holdings, tagHoldings);
  }

  private static PeerProto.Providers providers(Message.Providers providers) {
    PeerProto.Providers.Builder builder =
        PeerProto.Providers.newBuilder()
            .setIncarnation(providers.incarnation())
            .setYoung(providers.young());
    providers.providers().forEach(peer -> builder.addProviders(peer(peer)));
    return builder.build();
  }

  private static PeerProto.Tags tags(Message.Tags tags) {
    PeerProto.Tags.Builder builder =
        PeerProto.Tags.newBuilder().setIncarnation(tags.incarnation()).setYoung(tags.young());
    tags.tags().forEach(seen -> builder.addTags(seen(seen)));
    return builder.build();
  }

  private static PeerProto.SeenTag seen(Message.SeenTag seen) {
    return PeerProto.SeenTag.newBuilder()
        .setDigest(digest(seen.digest()))
        .setAgeMillis(seen.ageMillis())
        .setPeer(peer(seen.peer()))
        .build();
  }

  private static List<Message.SeenTag> seen(List<PeerProto.SeenTag> list)
      throws MalformedMessageException {
    bounded(list.size(), Message.MAX_PROVIDERS, "records of a tag");
    List<Message.SeenTag> seen = new ArrayList<>(list.size());
    for (PeerProto.SeenTag each : list) {
      seen.add(
          new Message.SeenTag(
              digest(each.getDigest()), age(each.getAgeMillis()), peer(each.getPeer())));
    }
    return seen;
  }

  private static PeerProto.Peer peer(Peer peer) {
    return PeerProto.Peer.newBuilder()
        .setHost(peer.host())
        .setPort(peer.port())
        .setZone(peer.zone())
        .build();
  }

  /** A name would have to be resolved, for which an event loop would wait. */
  private static Peer peer(PeerProto.Peer peer) {
    if (!NetUtil.isValidIpV4Address(peer.getHost())
        && !NetUtil.isValidIpV6Address(peer.getHost())) {
      throw new IllegalArgumentException("a host that is not an address");
    }
    return new Peer(peer.getHost(), peer.getPort(), peer.getZone());
  }

  private static List<Peer> peers(List<PeerProto.Peer> list) throws MalformedMessageException {
    bounded(list.size(), Message.MAX_PROVIDERS, "providers");
    return list.stream().map(MessageCodec::peer).toList();
  }

  private static PeerProto.Tag tag(Tag tag) {
    return PeerProto.Tag.newBuilder()
        .setRegistry(tag.repository().registry())
        .setRepository(tag.repository().name())
        .setTag(tag.tag())
        .build();
  }

  private static Tag tag(PeerProto.Tag tag) {
    return new Tag(new Repository(tag.getRegistry(), tag.getRepository()), tag.getTag());
  }

  private static ByteString digest(Digest digest) {
    return ByteString.copyFrom(HEX.parseHex(digest.hex()));
  }

  private static Digest digest(ByteString bytes) throws MalformedMessageException {
    for (Digest.Algorithm algorithm : Digest.Algorithm.values()) {
      if (algorithm.hexLength() == 2 * bytes.size()) {
        return new Digest(algorithm, HEX.formatHex(bytes.toByteArray()));
      }
    }
    throw new MalformedMessageException("digest of " + bytes.size() + " bytes");
  }

  private static List<Digest> digests(List<ByteString> list) throws MalformedMessageException {
    List<Digest> digests = new ArrayList<>(list.size());
    for (ByteString each : list) {
      digests.add(digest(each));
    }
    return digests;
  }

  /** Unsigned on the wire, so that a sign bit is an age beyond all bounds. */
  private static long age(long millis) {
    return millis < 0 ? Message.MAX_AGE_MILLIS : Math.min(millis, Message.MAX_AGE_MILLIS);
  }

  private static void bounded(int count, int most, String what) throws MalformedMessageException {
    if (count > most) {
      throw new MalformedMessageException(count + " " + what + ", at most " + most);
    }
  }
}
