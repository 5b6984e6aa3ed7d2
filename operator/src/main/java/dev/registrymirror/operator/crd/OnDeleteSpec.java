package dev.registrymirror.operator.crd;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.ValidationRule;
import java.util.Objects;

/** The end of a mirror. */
@JsonIgnoreProperties(ignoreUnknown = true)
@ValidationRule(
    value = "duration(self.timeout) <= duration('24h') && duration(self.timeout) >= duration('5s')",
    message = "timeout is a time from 5s to 24h, such as 10m")
public record OnDeleteSpec(
    @JsonPropertyDescription(
            "containerd's hosts files. Restore: every node's become again what they were, before"
                + " this resource goes. Keep: they stay, and containerd passes over a mirror that"
                + " is no more.")
        @Default("Restore")
        HostsOnDelete hosts,
    @JsonPropertyDescription("For restoring, after which the nodes that remain are let go.")
        @Default("10m")
        @Pattern(OnDeleteSpec.TIME)
        String timeout) {

  /** A time as Go and Java both read it: 1h30m, 10m, 45s. */
  static final String TIME = "^[0-9]+(h([0-9]+m)?([0-9]+s)?|m([0-9]+s)?|s)$";

  static final OnDeleteSpec DEFAULTS = new OnDeleteSpec(null, null);

  public OnDeleteSpec {
    hosts = Objects.requireNonNullElse(hosts, HostsOnDelete.Restore);
    timeout = Objects.requireNonNullElse(timeout, "10m");
  }
}
