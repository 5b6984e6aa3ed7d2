package dev.registrymirror.agent.tags;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.registrymirror.agent.tags.ProxySettings.HttpProxy;
import dev.registrymirror.agent.tags.ProxySettings.UnusableProxyException;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The rules of Go's golang.org/x/net/http/httpproxy, which containerd goes by. */
class ProxySettingsTest {

  @ParameterizedTest
  @CsvSource({
    // proxy, host, port
    "http://proxy.example:3128,         proxy.example, 3128",
    "proxy.example:3128,                proxy.example, 3128",
    "proxy.example,                     proxy.example, 80",
    "http://proxy.example,              proxy.example, 80",
    "http://user:secret@proxy.example/, proxy.example, 80",
    "http://[fd00::1]:3128,             fd00::1,       3128",
    "10.0.0.1:3128,                     10.0.0.1,      3128",
  })
  void readsTheProxy(String text, String host, int port) throws UnusableProxyException {
    HttpProxy proxy = proxyFor("https://a.example/v2", Map.of("HTTPS_PROXY", text));

    assertThat(proxy.address().getHostString()).isEqualTo(host);
    assertThat(proxy.address().getPort()).isEqualTo(port);
  }

  @Test
  void takesTheVariableOfTheScheme() throws UnusableProxyException {
    Map<String, String> environment =
        Map.of("HTTP_PROXY", "clear.example", "https_proxy", "tls.example");

    assertThat(proxyFor("http://a.example/v2", environment).address().getHostString())
        .isEqualTo("clear.example");
    assertThat(proxyFor("https://a.example/v2", environment).address().getHostString())
        .isEqualTo("tls.example");
  }

  @Test
  void upperCaseComesBeforeLowerCase() throws UnusableProxyException {
    Map<String, String> environment =
        Map.of("HTTPS_PROXY", "upper.example", "https_proxy", "lower.example");

    assertThat(proxyFor("https://a.example/v2", environment).address().getHostString())
        .isEqualTo("upper.example");
  }

  @Test
  void sendsTheProxysOwnPassword() throws UnusableProxyException {
    HttpProxy proxy =
        proxyFor("https://a.example/v2", Map.of("HTTPS_PROXY", "http://user:p%40ss@proxy.example"));

    assertThat(proxy.authorization()).contains("Basic dXNlcjpwQHNz");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          # NO_PROXY                | target                     | exempt
                                    | https://example.com        | false
          *                         | https://example.com        | true
          a.b, *                    | https://example.com        | true
          example.com               | https://example.com        | true
          example.com               | https://EXAMPLE.com        | true
          EXAMPLE.COM               | https://example.com        | true
          example.com               | https://sub.example.com    | true
          example.com               | https://notexample.com     | false
          example.com               | https://example.com.evil   | false
          .example.com              | https://example.com        | false
          .example.com              | https://sub.example.com    | true
          *.example.com             | https://example.com        | false
          *.example.com             | https://a.sub.example.com  | true
          example.com:443           | https://example.com        | true
          example.com:80            | http://example.com         | true
          example.com:80            | https://example.com        | false
          example.com:5000          | https://example.com:5000   | true
          example.com:5000          | https://example.com:5001   | false
          .example.com:5000         | https://sub.example.com:5000 | true
          ' , a.b ,, example.com '  | https://example.com        | true
          10.0.0.1                  | https://10.0.0.1           | true
          10.0.0.1                  | https://10.0.0.11          | false
          10.0.0.1:5000             | https://10.0.0.1:5000      | true
          10.0.0.1:5000             | https://10.0.0.1           | false
          10.0.0.0/8                | https://10.255.0.1:5000    | true
          10.0.0.0/8                | https://11.0.0.1           | false
          10.0.0.0/8                | https://ten.example.com    | false
          10.96.0.0/12              | https://10.111.0.1         | true
          10.96.0.0/12              | https://10.112.0.1         | false
          0.0.0.0/0                 | https://192.0.2.1          | true
          10.0.0.0/33               | https://10.0.0.1           | false
          fd00::1                   | https://[fd00::1]          | true
          fd00::1                   | https://[fd00:0:0::1]      | true
          [fd00::1]                 | https://[fd00::1]:5000     | true
          [fd00::1]:5000            | https://[fd00::1]:5000     | true
          [fd00::1]:5000            | https://[fd00::1]          | false
          fd00::/8                  | https://[fdff::1]:5000     | true
          fd00::/8                  | https://[fe00::1]          | false
          fd00::/8                  | https://10.0.0.1           | false
          """)
  void knowsWhatIsExempt(String noProxy, String target, boolean exempt)
      throws UnusableProxyException {
    Map<String, String> environment =
        Map.of(
            "HTTPS_PROXY", "proxy.example",
            "HTTP_PROXY", "proxy.example",
            "no_proxy", noProxy == null ? "" : noProxy);

    assertThat(ProxySettings.of(environment).proxyFor(URI.create(target)).isEmpty())
        .isEqualTo(exempt);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://localhost",
        "http://localhost:5000",
        "https://127.0.0.1",
        "https://127.1.2.3:5000",
        "https://[::1]:5000",
      })
  void neverAsksThisMachineThroughAProxy(String target) throws UnusableProxyException {
    Map<String, String> environment =
        Map.of("HTTPS_PROXY", "proxy.example", "HTTP_PROXY", "proxy.example");

    assertThat(ProxySettings.of(environment).proxyFor(URI.create(target))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"https://u:secret@p.example", "socks5://p.example", "http://", "a secret"})
  void refusesAProxyThatItCannotUseWithoutGivingItsPasswordAway(String text) {
    assertThatThrownBy(() -> proxyFor("https://a.example/v2", Map.of("HTTPS_PROXY", text)))
        .isInstanceOf(UnusableProxyException.class)
        .hasMessageContaining("HTTPS_PROXY")
        .hasMessageNotContaining("secret")
        .hasNoCause();
  }

  @Test
  void asksDirectlyWithoutAProxy() throws UnusableProxyException {
    assertThat(ProxySettings.of(Map.of()).proxyFor(URI.create("https://a.example"))).isEmpty();
  }

  private static HttpProxy proxyFor(String target, Map<String, String> environment)
      throws UnusableProxyException {
    return ProxySettings.of(environment).proxyFor(URI.create(target)).orElseThrow();
  }
}
