package dev.registrymirror.agent.pull;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.oci.ByteRange;
import dev.registrymirror.agent.oci.Digest;
import dev.registrymirror.agent.oci.Repository;
import dev.registrymirror.agent.telemetry.Metrics.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LedTest {

  private static final Digest DIGEST = Digest.parse("sha256:" + "a".repeat(64));

  private final Logger logger = Logger.getLogger("agent.pull");
  private final List<LogRecord> lines = new ArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          lines.add(line);
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  private final Request request =
      new Request(
          new Repository("docker.io", "app"),
          Kind.BLOB,
          DIGEST,
          ByteRange.ALL,
          false,
          false,
          true,
          false,
          null);
  private final Led led = new Led();

  @BeforeEach
  void listen() {
    logger.addHandler(handler);
  }

  @AfterEach
  void end() {
    logger.removeHandler(handler);
  }

  @Test
  void aFlightHasALineForItsStartAndItsEnd() {
    // When containerd resumes in the middle, and two nodes follow
    led.begin(request, 0, false);
    led.begin(request, 500, false);
    led.followed(DIGEST);
    led.followed(DIGEST);
    led.committed(DIGEST, () -> 1000);
    led.committed(DIGEST, () -> 1000);

    assertThat(lines)
        .extracting(LogRecord::getMessage)
        .containsExactly("flight starts", "flight ends");
    assertThat(parameters(1)).containsSequence("size", 1000L, "followers", 2);
  }

  @Test
  void whatWasFollowedBeforeIsTakenOver() {
    led.begin(request, 500, true);

    assertThat(lines).extracting(LogRecord::getMessage).containsExactly("flight taken over");
    assertThat(parameters(0)).containsSequence("offset", 500L);
  }

  @Test
  void upstreamsRefusalEndsIt() {
    led.begin(request, 0, false);
    led.refused(DIGEST);
    led.begin(request, 0, false);

    assertThat(lines)
        .extracting(LogRecord::getMessage)
        .containsExactly("flight starts", "flight given up, as upstream failed", "flight starts");
  }

  @Test
  void whatThisNodeDoesNotLeadHasNoLine() {
    led.followed(DIGEST);
    led.refused(DIGEST);
    led.committed(DIGEST, () -> 1000);

    assertThat(lines).isEmpty();
  }

  private List<Object> parameters(int line) {
    return Arrays.asList(lines.get(line).getParameters());
  }
}
