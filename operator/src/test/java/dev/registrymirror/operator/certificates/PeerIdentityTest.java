package dev.registrymirror.operator.certificates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PeerIdentityTest {

  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private static boolean isTrusted(
      KeyPairAndCertificate identity, List<KeyPairAndCertificate> authorities) {
    return authorities.stream()
        .anyMatch(
            authority -> {
              try {
                identity.certificate().verify(authority.certificate().getPublicKey());
                return true;
              } catch (GeneralSecurityException e) {
                return false;
              }
            });
  }

  private static List<KeyPairAndCertificate> trusted(PeerIdentity identity) {
    return identity.other().isPresent()
        ? List.of(identity.authority(), identity.other().get())
        : List.of(identity.authority());
  }

  @Test
  void bearsTheNameThatAgentsVerify() throws CertificateException {
    PeerIdentity identity = PeerIdentity.create(START);

    assertThat(identity.identity().certificate().getSubjectAlternativeNames().toString())
        .contains("peer.registrymirror.dev");
    assertThat(isTrusted(identity.identity(), trusted(identity))).isTrue();
  }

  @Test
  void survivesItsSecrets() throws CertificateException {
    PeerIdentity identity = PeerIdentity.create(START);

    assertThat(PeerIdentity.parse(identity.stored(), identity.mounted())).isEqualTo(identity);
  }

  @Test
  void saysWhatIsMissing() {
    PeerIdentity identity = PeerIdentity.create(START);
    Map<String, String> stored = new HashMap<>(identity.stored());
    stored.put("authority.key", "garbage");

    assertThatExceptionOfType(CertificateException.class)
        .isThrownBy(() -> PeerIdentity.parse(stored, identity.mounted()));
    assertThatExceptionOfType(CertificateException.class)
        .isThrownBy(() -> PeerIdentity.parse(identity.stored(), Map.of()))
        .withMessageContaining("tls.key");
  }

  @Test
  void isRenewedBeforeItEnds() {
    PeerIdentity identity = PeerIdentity.create(START);

    assertThat(identity.next(START.plus(Duration.ofDays(59)))).isSameAs(identity);
    PeerIdentity renewed = identity.next(START.plus(Duration.ofDays(61)));

    assertThat(renewed.authority()).isEqualTo(identity.authority());
    assertThat(renewed.identity()).isNotEqualTo(identity.identity());
  }

  /** Six years, looked at every four hours: agents see each state up to 90 s late. */
  @Test
  void everyAgentTrustsEveryOtherAtAllTimes() {
    PeerIdentity before = PeerIdentity.create(START);
    int authorities = 1;
    Duration step = Duration.ofHours(4);
    for (Instant now = START;
        now.isBefore(START.plus(Duration.ofDays(6 * 365)));
        now = now.plus(step)) {
      PeerIdentity after = before.next(now);

      assertThat(isTrusted(after.identity(), trusted(before))).as("new to old, %s", now).isTrue();
      assertThat(isTrusted(before.identity(), trusted(after))).as("old to new, %s", now).isTrue();
      assertThat(after.identity().certificate().getNotAfter().toInstant()).isAfter(now);
      if (!after.authority().equals(before.authority())) {
        authorities++;
      }
      before = after;
    }
    assertThat(authorities).isGreaterThan(2);
  }

  @Test
  void stepsAreAnOverlapApart() {
    Instant end = START.plus(Duration.ofDays(3 * 365 - 300));
    PeerIdentity both = PeerIdentity.create(START).next(end);
    assertThat(both.other()).isPresent();

    assertThat(both.next(end.plus(PeerIdentity.OVERLAP).minusSeconds(1))).isSameAs(both);
    PeerIdentity signed = both.next(end.plus(PeerIdentity.OVERLAP));

    assertThat(signed.authority()).isEqualTo(both.other().orElseThrow());
    assertThat(signed.other()).contains(both.authority());
    Instant last = end.plus(PeerIdentity.OVERLAP.multipliedBy(2));
    assertThat(signed.next(last.minusSeconds(1))).isSameAs(signed);
    assertThat(signed.next(last).other()).isEmpty();
  }
}
