package dev.registrymirror.lab.cri;

/** A pull secret. */
public record Login(String user, String password) {

  @Override
  public String toString() {
    return "Login[user=" + user + "]";
  }
}
