package dev.registrymirror.operator.nodes;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks agents what they say of themselves: {@link #AT_ONCE} at a time, each within {@link #ONE},
 * all of them within {@link #ALL}. With 5,000 nodes in good health that is a second or two.
 */
public final class Agents implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(Agents.class);

  static final int AT_ONCE = 64;
  static final Duration ONE = Duration.ofSeconds(2);
  static final Duration ALL = Duration.ofSeconds(20);

  /** Bytes of a report that are read; it has some 2 KiB. */
  static final int MAX_BYTES = 256 * 1024;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(ONE)
          // Else a thread for each that answers at once.
          .executor(Executors.newVirtualThreadPerTaskExecutor())
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();

  /** Where an agent is asked: its node, address and port. */
  public record Address(String node, String ip, int port) {}

  /**
   * What each of them says, by node. Who gives no sensible answer in time is left out, and so is
   * who was not reached before {@link #ALL} was over.
   */
  public Map<String, AgentReport> ask(Collection<Address> agents) {
    Map<String, AgentReport> reports = new ConcurrentHashMap<>();
    Semaphore places = new Semaphore(AT_ONCE);
    int asked = 0;
    long end = System.nanoTime() + ALL.toNanos();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Address agent : agents) {
        if (!places.tryAcquire(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          log.warn("asked {} of {} agents within {}", asked, agents.size(), ALL);
          break;
        }
        asked++;
        threads.execute(
            () -> {
              try {
                ask(agent).ifPresent(report -> reports.put(agent.node(), report));
              } finally {
                places.release();
              }
            });
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Map.copyOf(reports);
  }

  private Optional<AgentReport> ask(Address agent) {
    String host = agent.ip().contains(":") ? "[" + agent.ip() + "]" : agent.ip();
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://" + host + ":" + agent.port() + "/status"))
            .timeout(ONE)
            .build();
    try {
      HttpResponse<InputStream> response = http.send(request, BodyHandlers.ofInputStream());
      try (InputStream body = response.body()) {
        byte[] bytes = body.readNBytes(MAX_BYTES);
        return response.statusCode() == 200
            ? Optional.of(JSON.readValue(bytes, AgentReport.class))
            : Optional.empty();
      }
    } catch (IOException e) {
      log.debug("agent on {} does not say how it is: {}", agent.node(), e.toString());
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  @Override
  public void close() {
    http.close();
  }
}
