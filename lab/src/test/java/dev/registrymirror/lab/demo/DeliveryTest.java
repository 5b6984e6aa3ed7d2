package dev.registrymirror.lab.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.demo.Delivery.Source;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeliveryTest {

  private static final long IMAGE = 100_000_000;

  @Test
  void acceptsTheImageWithItsHeadersFromWhereItShouldCome() {
    assertThat(delivery(IMAGE, 0).objection(Source.UPSTREAM, IMAGE)).isEmpty();
    assertThat(delivery(1_000_000, 110_000_000).objection(Source.PEERS, IMAGE)).isEmpty();
  }

  @Test
  void objectsToAnImageFromElsewhere() {
    assertThat(delivery(IMAGE, 0).objection(Source.PEERS, IMAGE))
        .hasValue(
            "n2 should have taken the image's 100 MB from the other nodes; it took 0 MB from"
                + " there, and 100 MB not");
  }

  @Test
  void objectsToLessThanTheImage() {
    assertThat(delivery(0, IMAGE - 1).objection(Source.PEERS, IMAGE)).isPresent();
  }

  @Test
  void objectsToTheImageTwice() {
    assertThat(delivery(0, 2 * IMAGE).objection(Source.PEERS, IMAGE)).isPresent();
    assertThat(delivery(IMAGE, IMAGE).objection(Source.UPSTREAM, IMAGE)).isPresent();
  }

  @Test
  void objectsToMoreFromElsewhereThanTheTagNeeds() {
    assertThat(delivery(1_000_001, IMAGE).objection(Source.PEERS, IMAGE)).isPresent();
  }

  @Test
  void acceptsAHerdThatTookTheImageFromUpstreamOnce() {
    List<Delivery> herd =
        List.of(delivery(IMAGE / 2, IMAGE / 2), delivery(IMAGE / 2, IMAGE / 2), delivery(0, IMAGE));

    assertThat(Delivery.objection(herd, IMAGE)).isEmpty();
  }

  @Test
  void objectsToAHerdThatTookMoreThanOneImageFromUpstreamOrLess() {
    List<Delivery> more = List.of(delivery(IMAGE, 0), delivery(IMAGE / 5, IMAGE));
    List<Delivery> less = List.of(delivery(0, IMAGE), delivery(0, IMAGE));

    assertThat(Delivery.objection(more, IMAGE))
        .hasValue(
            "all together should have taken the image's 100 MB from upstream once, and took 120"
                + " MB");
    assertThat(Delivery.objection(less, IMAGE)).isPresent();
  }

  @Test
  void objectsToAHerdInWhichANodeHasLessThanTheImage() {
    List<Delivery> herd = List.of(delivery(IMAGE, 0), delivery(0, IMAGE - 1));

    assertThat(Delivery.objection(herd, IMAGE)).hasValue("n2 has 100 MB alone");
  }

  private static Delivery delivery(long fromUpstream, long fromPeers) {
    return new Delivery("n2", Duration.ofSeconds(1), fromUpstream, fromPeers);
  }
}
