package dev.registrymirror.operator.certificates;

import java.security.cert.CertificateException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The agents' certificates, and how they are renewed without a connection that fails: agents see a
 * change of their mounted files one by one and up to 90 s late, so what is new is trusted {@link
 * #OVERLAP} before it is shown, and what is old as long after it was shown last.
 *
 * <p>A pure function of what is stored and the time: whoever stops in the middle goes on later.
 *
 * <ol>
 *   <li>authority A signs the identity
 *   <li>A nears its end: B is made, and trusted beside A
 *   <li>after the overlap B signs a new identity
 *   <li>after the overlap A is trusted no more
 * </ol>
 *
 * @param authority signs the identity
 * @param other trusted beside it: the one to come or the one before
 * @param changed when the step before was taken
 * @param identity what all agents show
 */
public record PeerIdentity(
    KeyPairAndCertificate authority,
    Optional<KeyPairAndCertificate> other,
    Instant changed,
    KeyPairAndCertificate identity) {

  /** Mounted files arrive 60 to 90 s late; more than three times that. */
  public static final Duration OVERLAP = Duration.ofMinutes(5);

  static final Duration AUTHORITY_VALID = Duration.ofDays(3 * 365);
  static final Duration IDENTITY_VALID = Duration.ofDays(90);

  /** Renewed when less than a third of its time is left. */
  private static final int RENEW = 3;

  private static final String CHANGED = "changed";

  /** The first one. */
  public static PeerIdentity create(Instant now) {
    KeyPairAndCertificate authority = Authority.create(now, AUTHORITY_VALID);
    return new PeerIdentity(
        authority, Optional.empty(), now, Authority.issue(authority, now, IDENTITY_VALID));
  }

  /** This, or what it becomes now. */
  public PeerIdentity next(Instant now) {
    boolean settled = !now.isBefore(changed.plus(OVERLAP));
    if (other.isPresent()) {
      if (!settled) {
        return this;
      }
      KeyPairAndCertificate successor = other.get();
      // The younger one is to come, and then signs; the older one has had its time.
      return end(successor).isAfter(end(authority))
          ? new PeerIdentity(
              successor,
              Optional.of(authority),
              now,
              Authority.issue(successor, now, IDENTITY_VALID))
          : new PeerIdentity(authority, Optional.empty(), now, identity);
    }
    if (nearsItsEnd(authority, AUTHORITY_VALID, now)) {
      return new PeerIdentity(
          authority, Optional.of(Authority.create(now, AUTHORITY_VALID)), now, identity);
    }
    if (nearsItsEnd(identity, IDENTITY_VALID, now)) {
      return new PeerIdentity(
          authority, other, now, Authority.issue(authority, now, IDENTITY_VALID));
    }
    return this;
  }

  private static boolean nearsItsEnd(KeyPairAndCertificate of, Duration validity, Instant now) {
    return now.isAfter(end(of).minus(validity.dividedBy(RENEW)));
  }

  private static Instant end(KeyPairAndCertificate of) {
    return of.certificate().getNotAfter().toInstant();
  }

  /** Those that agents are to trust, as PEM. */
  public String trusted() {
    return authority.certificatePem() + other.map(KeyPairAndCertificate::certificatePem).orElse("");
  }

  /** What the operator keeps to itself. */
  public Map<String, String> stored() {
    Map<String, String> stored = new LinkedHashMap<>();
    stored.put("authority.crt", authority.certificatePem());
    stored.put("authority.key", authority.keyPem());
    other.ifPresent(
        also -> {
          stored.put("other.crt", also.certificatePem());
          stored.put("other.key", also.keyPem());
        });
    stored.put(CHANGED, changed.toString());
    return stored;
  }

  /** What the agents mount. */
  public Map<String, String> mounted() {
    return Map.of(
        "tls.crt", identity.certificatePem(),
        "tls.key", identity.keyPem(),
        "ca.crt", trusted());
  }

  /**
   * What was stored and mounted before.
   *
   * @throws CertificateException where something of it is missing or is none
   */
  public static PeerIdentity parse(Map<String, String> stored, Map<String, String> mounted)
      throws CertificateException {
    try {
      return new PeerIdentity(
          pair(stored, "authority.key", "authority.crt"),
          stored.containsKey("other.crt")
              ? Optional.of(pair(stored, "other.key", "other.crt"))
              : Optional.empty(),
          Instant.parse(text(stored, CHANGED)),
          pair(mounted, "tls.key", "tls.crt"));
    } catch (DateTimeParseException e) {
      throw new CertificateException(CHANGED + " is no time: " + e.getMessage(), e);
    }
  }

  private static KeyPairAndCertificate pair(
      Map<String, String> from, String key, String certificate) throws CertificateException {
    return KeyPairAndCertificate.parse(text(from, key), text(from, certificate));
  }

  private static String text(Map<String, String> from, String key) throws CertificateException {
    String text = from.get(key);
    if (text == null) {
      throw new CertificateException("no " + key);
    }
    return text;
  }
}
