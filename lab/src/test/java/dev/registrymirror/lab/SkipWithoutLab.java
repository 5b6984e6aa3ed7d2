package dev.registrymirror.lab;

import dev.registrymirror.lab.tools.Tools;

/** What {@link NeedsLab} says. */
final class SkipWithoutLab extends SkipWithoutTools {

  SkipWithoutLab() {
    super("the lab");
  }

  @Override
  protected String obstacle() {
    return Tools.obstacle();
  }

  @Override
  protected void prepare() {
    Tools tools = Tools.prepare();
    tools.registry();
    tools.nginx();
    tools.containerds().forEach(tools::containerd);
  }
}
