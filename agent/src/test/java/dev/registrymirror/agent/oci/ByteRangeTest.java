package dev.registrymirror.agent.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.registrymirror.agent.oci.ByteRange.Span;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteRangeTest {

  @ParameterizedTest
  @CsvSource({
    "bytes=0-0, 0, 1",
    "bytes=0-9, 0, 10",
    "bytes=0-, 0, 10",
    "bytes=3-, 3, 10",
    "bytes=3-5, 3, 6",
    "bytes=3-100, 3, 10",
    "bytes=9-, 9, 10",
    "bytes=-1, 9, 10",
    "bytes=-100, 0, 10",
    "items=3-5, 0, 10",
    "'bytes=0-1,3-4', 0, 10",
  })
  void meansTheseOfTenBytes(String header, long start, long end) {
    assertThat(ByteRange.parse(header).orElseThrow().in(10)).contains(new Span(start, end));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bytes=10-", "bytes=10-12", "bytes=-0"})
  void meansNoneOfTenBytes(String header) {
    assertThat(ByteRange.parse(header).orElseThrow().in(10)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-3",
        "bytes=--1",
        "bytes=1",
        "bytes=+1-2",
        "bytes=1-9999999999999999999",
        "bytes=0x1-2"
      })
  void refusesMalformed(String header) {
    assertThat(ByteRange.parse(header)).isEmpty();
  }

  @Test
  void isAllWithoutAHeader() {
    assertThat(ByteRange.parse(null)).contains(ByteRange.ALL);
    assertThat(ByteRange.ALL.in(0)).contains(new Span(0, 0));
  }

  @Property
  void readsWhatItWrites(
      @ForAll @LongRange(min = 0, max = 1L << 50) long first,
      @ForAll @LongRange(min = 0, max = 1L << 50) long more) {
    ByteRange range = new ByteRange(first, first + more);
    assertThat(ByteRange.parse(range.toString())).contains(range);
    assertThat(ByteRange.parse(ByteRange.from(first).toString())).contains(ByteRange.from(first));
  }
}
