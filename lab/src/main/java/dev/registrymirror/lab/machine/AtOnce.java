package dev.registrymirror.lab.machine;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/** Things that are done at the same moment. */
public final class AtOnce {

  private AtOnce() {}

  /** Returns when all this work is done; throws what some of it threw. */
  public static void all(Collection<Runnable> work) {
    each(
        work,
        one -> {
          one.run();
          return true;
        });
  }

  /**
   * Returns when it is done in all places, with the results in their order.
   *
   * @throws RuntimeException what it threw in one of them
   */
  public static <P, T> List<T> each(Collection<P> places, Function<P, T> action) {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<T>> futures = new ArrayList<>();
      places.forEach(place -> futures.add(threads.submit(() -> action.apply(place))));
      List<T> results = new ArrayList<>();
      for (Future<T> future : futures) {
        results.add(future.get());
      }
      return results;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw new LabException("on a node", e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("interrupted", e);
    }
  }
}
