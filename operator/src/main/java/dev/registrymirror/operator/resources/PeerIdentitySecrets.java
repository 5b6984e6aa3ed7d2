package dev.registrymirror.operator.resources;

import dev.registrymirror.operator.certificates.PeerIdentity;
import dev.registrymirror.operator.crd.RegistryMirror;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.security.cert.CertificateException;

/** The agents' certificates: the Secret that they mount, and the one that signs it. */
public final class PeerIdentitySecrets {

  private PeerIdentitySecrets() {}

  /** What the operator keeps to itself. */
  public static Secret authority(RegistryMirror mirror, PeerIdentity identity) {
    return new SecretBuilder()
        .withMetadata(Names.owned(mirror, Names.authority(mirror)))
        .withType("Opaque")
        .withData(SecretData.encode(identity.stored()))
        .build();
  }

  /** What the agents mount. */
  public static Secret mounted(RegistryMirror mirror, PeerIdentity identity) {
    return new SecretBuilder()
        .withMetadata(Names.owned(mirror, Names.peerIdentity(mirror)))
        .withType("kubernetes.io/tls")
        .withData(SecretData.encode(identity.mounted()))
        .build();
  }

  /**
   * What both hold.
   *
   * @throws CertificateException where something of it is missing or is none
   */
  public static PeerIdentity parse(Secret authority, Secret mounted) throws CertificateException {
    return PeerIdentity.parse(SecretData.decoded(authority), SecretData.decoded(mounted));
  }
}
