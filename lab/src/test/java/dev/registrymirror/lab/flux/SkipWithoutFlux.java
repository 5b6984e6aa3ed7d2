package dev.registrymirror.lab.flux;

import dev.registrymirror.lab.SkipWithoutTools;
import dev.registrymirror.lab.tools.FluxTools;

/** What {@link NeedsFlux} says. */
final class SkipWithoutFlux extends SkipWithoutTools {

  SkipWithoutFlux() {
    super("Flux");
  }

  @Override
  protected String obstacle() {
    return FluxTools.obstacle();
  }

  @Override
  protected void prepare() {
    FluxTools tools = FluxTools.prepare();
    tools.flux();
    for (FluxTools.Controller controller : FluxTools.Controller.values()) {
      tools.controller(controller);
    }
  }
}
