package dev.registrymirror.agent.homes;

import java.util.function.Consumer;

/** Asks other agents: each request ends exactly once, whatever the transport does. */
final class Wire {

  private final Transport transport;
  private final Timers timers;
  private final Breakers breakers;

  Wire(Transport transport, Timers timers, Breakers breakers) {
    this.transport = transport;
    this.timers = timers;
    this.breakers = breakers;
  }

  /** Calls {@code answered} or {@code failed}, once, within {@code withinMillis}. */
  void ask(
      Peer to,
      Message.Request request,
      long withinMillis,
      Consumer<Message.Reply> answered,
      Runnable failed) {
    Asked asked = new Asked(to, answered, failed);
    asked.timeout = timers.in(withinMillis, asked::failed);
    transport.send(to, request, withinMillis, asked);
  }

  /** Sends what needs no answer: lost, it is made good by something else. */
  void tell(Peer to, Message.Request request, long withinMillis) {
    ask(to, request, withinMillis, _ -> {}, () -> {});
  }

  private final class Asked implements Transport.Outcome {
    private final Peer to;
    private final Consumer<Message.Reply> answered;
    private final Runnable failed;
    private Timers.Timer timeout;
    private boolean ended;

    Asked(Peer to, Consumer<Message.Reply> answered, Runnable failed) {
      this.to = to;
      this.answered = answered;
      this.failed = failed;
    }

    @Override
    public void answered(Message.Reply reply) {
      if (!ended) {
        end();
        breakers.succeeded(to);
        answered.accept(reply);
      }
    }

    @Override
    public void failed() {
      if (!ended) {
        end();
        breakers.failed(to);
        failed.run();
      }
    }

    private void end() {
      ended = true;
      timeout.cancel();
    }
  }
}
