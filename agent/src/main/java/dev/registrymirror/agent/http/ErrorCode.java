package dev.registrymirror.agent.http;

import io.netty.handler.codec.http.HttpResponseStatus;

/**
 * Every error that the mirror answers with. Codes are those of the OCI distribution spec ("Error
 * codes"); {@code RANGE_INVALID} is Docker distribution's.
 *
 * <p>There is no 401, which would make containerd send the pull secret here, and no 429, which it
 * tries six times: whatever is refused is refused with a code after which it asks the next host.
 */
enum ErrorCode {
  BLOB_UNKNOWN(404, "no node of the cluster has this blob"),
  MANIFEST_UNKNOWN(404, "no node of the cluster has this manifest"),
  NAME_UNKNOWN(404, "not found"),
  NAME_INVALID(400, "invalid repository name or registry"),
  MANIFEST_INVALID(400, "invalid reference: neither tag nor digest"),
  DIGEST_INVALID(400, "invalid digest; sha256 and sha512 are known"),
  RANGE_INVALID(416, "malformed or unsatisfiable range"),
  UNSUPPORTED(405, "the mirror is read-only: GET and HEAD"),
  REQUEST_INVALID(400, "not a request of HTTP/1.1"),
  REQUEST_TOO_LARGE(431, "request line or header too large");

  private final int status;
  private final String message;

  ErrorCode(int status, String message) {
    this.status = status;
    this.message = message;
  }

  HttpResponseStatus status() {
    return HttpResponseStatus.valueOf(status);
  }

  /** The body that the spec gives: {@code {"errors":[{"code":…,"message":…}]}}. */
  String json() {
    return "{\"errors\":[{\"code\":\"" + name() + "\",\"message\":\"" + message + "\"}]}\n";
  }
}
