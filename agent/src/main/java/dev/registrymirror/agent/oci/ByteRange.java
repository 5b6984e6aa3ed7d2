package dev.registrymirror.agent.oci;

import java.util.Optional;

/**
 * A single range of bytes as asked for (RFC 9110, 14.1.2), before the blob's size is known.
 *
 * @param first offset of the first byte, or -1 for a suffix
 * @param last offset of the last byte, or {@link #OPEN}; for a suffix the number of bytes from the
 *     end
 */
public record ByteRange(long first, long last) {

  /** To the end of the blob. */
  public static final long OPEN = Long.MAX_VALUE;

  /** The whole blob, no range asked for; {@code bytes=0-} is a range, and answered as one. */
  public static final ByteRange ALL = new ByteRange(-1, OPEN);

  private static final String UNIT = "bytes=";

  /** From {@code offset} to the end. */
  public static ByteRange from(long offset) {
    return new ByteRange(offset, OPEN);
  }

  /**
   * The range that a {@code Range} header asks for; {@link #ALL} where there is no header, where
   * its unit is another, or where it lists several ranges, all of which a server may ignore (RFC
   * 9110, 14.2). Empty where it is malformed.
   */
  public static Optional<ByteRange> parse(String header) {
    if (header == null || !header.startsWith(UNIT) || header.indexOf(',') >= 0) {
      return Optional.of(ALL);
    }
    String range = header.substring(UNIT.length()).strip();
    int dash = range.indexOf('-');
    if (dash < 0) {
      return Optional.empty();
    }
    long first = number(range.substring(0, dash));
    long last = number(range.substring(dash + 1));
    boolean hasFirst = dash > 0;
    boolean hasLast = dash < range.length() - 1;
    if ((hasFirst && first < 0) || (hasLast && last < 0) || (!hasFirst && !hasLast)) {
      return Optional.empty();
    }
    if (!hasFirst) {
      return Optional.of(new ByteRange(-1, last));
    }
    if (!hasLast) {
      return Optional.of(from(first));
    }
    return first <= last ? Optional.of(new ByteRange(first, last)) : Optional.empty();
  }

  /** A decimal number of at most 18 digits, else -1. */
  private static long number(String text) {
    if (text.isEmpty() || text.length() > 18) {
      return -1;
    }
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return -1;
      }
    }
    return Long.parseLong(text);
  }

  /** Whether this is the whole blob, to be answered with 200 rather than 206. */
  public boolean isAll() {
    return first < 0 && last == OPEN;
  }

  /** The bytes meant in a blob of {@code size} bytes; empty where there are none (416). */
  public Optional<Span> in(long size) {
    if (isAll()) {
      return Optional.of(new Span(0, size));
    }
    if (first < 0) {
      return last == 0 || size == 0
          ? Optional.empty()
          : Optional.of(new Span(Math.max(0, size - last), size));
    }
    return first >= size
        ? Optional.empty()
        : Optional.of(new Span(first, last >= size ? size : last + 1));
  }

  /** The value of a {@code Range} header; of {@link #ALL} there is none. */
  @Override
  public String toString() {
    if (first < 0) {
      return UNIT + "-" + last;
    }
    return UNIT + first + "-" + (last == OPEN ? "" : last);
  }

  /**
   * Bytes of a blob whose size is known.
   *
   * @param start offset of the first byte
   * @param end offset after the last byte
   */
  public record Span(long start, long end) {
    public long length() {
      return end - start;
    }
  }
}
