package dev.registrymirror.lab;

import io.grpc.Context;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** A pull in the background, which may be cancelled as kubelet's is where its pod goes. */
final class PullUnderWay {

  private final Context.CancellableContext context = Context.current().withCancellation();
  private final CompletableFuture<Pull> pull = new CompletableFuture<>();

  static PullUnderWay begin(Node node, String reference) {
    PullUnderWay underWay = new PullUnderWay();
    Thread.ofVirtual()
        .start(
            underWay.context.wrap(
                () -> {
                  try {
                    underWay.pull.complete(node.pull(reference));
                  } catch (RuntimeException e) {
                    underWay.pull.completeExceptionally(e);
                  }
                }));
    return underWay;
  }

  void cancel() {
    context.cancel(null);
  }

  /** Its outcome, as of {@link Node#pull}. */
  Pull end() {
    try {
      return pull.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw e;
    }
  }
}
