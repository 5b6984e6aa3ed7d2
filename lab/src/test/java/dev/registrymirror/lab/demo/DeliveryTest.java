package dev.registrymirror.lab.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.lab.demo.Delivery.Source;
import java.time.Duration;
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

  private static Delivery delivery(long fromUpstream, long fromPeers) {
    return new Delivery("n2", Duration.ofSeconds(1), fromUpstream, fromPeers);
  }
}
