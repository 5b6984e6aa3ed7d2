package dev.registrymirror.operator.crd;

import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Categories;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * A mirror on a cluster's nodes, or on some of them. Its name is the DaemonSet's.
 *
 * <p>What is said of a field here is what {@code kubectl explain} shows.
 */
@Group(RegistryMirror.GROUP)
@Version("v1alpha1")
@ShortNames("rmirror")
@Categories("registry-mirror")
@AdditionalPrinterColumn(
    name = "Ready",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].status",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "Nodes",
    jsonPath = ".status.nodesReady",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "Bypassed",
    jsonPath = ".status.bypassed",
    type = AdditionalPrinterColumn.Type.INTEGER)
@AdditionalPrinterColumn(
    name = "Hit ratio",
    jsonPath = ".status.hitRatio",
    type = AdditionalPrinterColumn.Type.STRING)
@AdditionalPrinterColumn(
    name = "Reason",
    jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason",
    type = AdditionalPrinterColumn.Type.STRING,
    priority = 1)
@AdditionalPrinterColumn(
    name = "Age",
    jsonPath = ".metadata.creationTimestamp",
    type = AdditionalPrinterColumn.Type.DATE)
public class RegistryMirror extends CustomResource<MirrorSpec, MirrorStatus> implements Namespaced {

  private static final long serialVersionUID = 1;

  public static final String GROUP = "registrymirror.dev";

  // Records have no constructor without arguments, by which these would be made.
  @Override
  protected MirrorSpec initSpec() {
    return null;
  }

  @Override
  protected MirrorStatus initStatus() {
    return null;
  }

  /** {@code namespace/name}, as people write it. */
  public String fullName() {
    return getMetadata().getNamespace() + "/" + getMetadata().getName();
  }
}
