package dev.registrymirror.agent;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class where a buffer of Netty's was collected that nobody had released: one of this
 * class's, or of one before it. Netty looks at every buffer.
 */
public final class BufferLeaks implements BeforeAllCallback, AfterAllCallback {

  /** In milliseconds; a collection that takes longer finds its leaks after a later class. */
  private static final long COLLECTION_BOUND = 1_000;

  private static final Queue<String> FOUND = new ConcurrentLinkedQueue<>();

  static {
    // Before Netty makes its first buffer, for which it asks once.
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
    ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(
        new ResourceLeakDetectorFactory() {
          @Override
          @SuppressWarnings("deprecation") // Declared abstract, though no longer called.
          public <T> ResourceLeakDetector<T> newResourceLeakDetector(
              Class<T> resource, int samplingInterval, long maxActive) {
            return new Recorder<>(resource, samplingInterval);
          }
        });
  }

  private static final class Recorder<T> extends ResourceLeakDetector<T> {
    Recorder(Class<?> resource, int samplingInterval) {
      super(resource, samplingInterval);
    }

    @Override
    protected boolean needReport() {
      return true;
    }

    @Override
    protected void reportTracedLeak(String resource, String records) {
      FOUND.add(resource + records);
    }

    @Override
    protected void reportUntracedLeak(String resource) {
      FOUND.add(resource);
    }
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    // Being loaded is enough.
  }

  @Override
  public void afterAll(ExtensionContext context) throws InterruptedException {
    ReferenceQueue<Object> collected = new ReferenceQueue<>();
    WeakReference<Object> garbage = new WeakReference<>(new Object(), collected);
    System.gc();
    collected.remove(COLLECTION_BOUND);
    assertThat(garbage.get()).isNull();
    // Netty tells of the leaks it has found when the next buffer is made.
    PooledByteBufAllocator.DEFAULT.buffer().release();
    List<String> leaks = new ArrayList<>();
    for (String leak; (leak = FOUND.poll()) != null; ) {
      leaks.add(leak);
    }
    assertThat(leaks).as("buffers that nobody released").isEmpty();
  }
}
