package dev.registrymirror.operator.chart;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.InstallCommand;
import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.TemplateCommand;
import java.nio.file.Path;
import java.util.Map;

/** The chart, by Helm itself. Values are given as to {@code --set}. */
public final class Chart {

  static final Path DIRECTORY = Path.of("..", "charts", "registry-mirror");

  /** The release's name. */
  public static final String RELEASE = "registry-mirror";

  /** What the operator's things are called in a release of that name. */
  public static final String OPERATOR = RELEASE + "-operator";

  private static final Helm HELM = new Helm(DIRECTORY);

  private Chart() {}

  /**
   * All that Helm installs, as YAML: without the CustomResourceDefinition, and without the hooks.
   *
   * @throws IllegalStateException where Helm refuses the values; the message says why
   */
  public static String render(Map<String, String> values, String namespace) {
    TemplateCommand template =
        HELM.template().withName(RELEASE).withNamespace(namespace).withKubeVersion("1.29.0");
    values.forEach(template::set);
    return template.call();
  }

  static LintResult lint() {
    return HELM.lint().strict().call();
  }

  /** Installs it, with the CustomResourceDefinition. */
  static void install(Path kubeconfig, Map<String, String> values, String namespace) {
    InstallCommand install =
        HELM.install()
            .withName(RELEASE)
            .withNamespace(namespace)
            .createNamespace()
            .withKubeConfig(kubeconfig);
    values.forEach(install::set);
    install.call();
  }

  /**
   * {@code <kubeconfig> <namespace>}: uninstalls it; ends when the hooks have run. A process of its
   * own, as Helm's part in another thread would keep a JVM from ending.
   */
  public static void main(String[] args) {
    System.out.println(
        Helm.uninstall(RELEASE).withNamespace(args[1]).withKubeConfig(Path.of(args[0])).call());
  }
}
