package dev.registrymirror.lab.cluster;

import java.util.UUID;

/**
 * Who may speak to an API server, and the token that proves it.
 *
 * @param group empty for none
 */
record User(String name, String group, String token) {

  private static User of(String name, String group) {
    return new User(name, group, UUID.randomUUID().toString());
  }

  /** May do all. */
  static User admin() {
    return of("admin", "system:masters");
  }

  /** A part of Kubernetes itself: {@code kube-scheduler}. */
  static User component(String name) {
    return of("system:" + name, "");
  }

  /** A node's kubelet. */
  static User node(String name) {
    return of("system:node:" + name, "system:nodes");
  }

  /** As kube-apiserver reads it with {@code --token-auth-file}. */
  String line() {
    return "%s,%s,%s,\"%s\"\n".formatted(token, name, name, group);
  }
}
