package dev.registrymirror.agent.store.containerd;

import io.netty.handler.codec.http2.Http2Headers;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * How a call ended.
 *
 * @param code as in {@code grpc-status}: "Status codes and their use in gRPC"
 * @param message for people; at most {@link #MAX_MESSAGE} characters
 */
record GrpcStatus(int code, String message) {

  static final int OK_CODE = 0;
  static final int CANCELLED = 1;
  static final int UNKNOWN = 2;
  static final int DEADLINE_EXCEEDED = 4;
  static final int RESOURCE_EXHAUSTED = 8;
  static final int UNIMPLEMENTED = 12;
  static final int INTERNAL = 13;
  static final int UNAVAILABLE = 14;

  static final GrpcStatus OK = new GrpcStatus(OK_CODE, "");

  static final int MAX_MESSAGE = 1024;

  GrpcStatus {
    message = message.length() > MAX_MESSAGE ? message.substring(0, MAX_MESSAGE) : message;
  }

  boolean isOk() {
    return code == OK_CODE;
  }

  /** What the trailers say: {@code grpc-status} and {@code grpc-message}. */
  static GrpcStatus of(Http2Headers trailers) {
    CharSequence status = trailers.get("grpc-status");
    if (status == null) {
      return new GrpcStatus(UNKNOWN, "the answer ended without a grpc-status");
    }
    CharSequence message = trailers.get("grpc-message");
    String text = message == null ? "" : percentDecoded(message.toString());
    try {
      return new GrpcStatus(Integer.parseUnsignedInt(status.toString()), text);
    } catch (NumberFormatException e) {
      return new GrpcStatus(UNKNOWN, "not a grpc-status: " + status);
    }
  }

  /** gRPC over HTTP/2, "Responses": what is not well encoded is left as it is. */
  private static String percentDecoded(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream decoded = new ByteArrayOutputStream(bytes.length);
    for (int i = 0; i < bytes.length; i++) {
      int high = bytes[i] == '%' && i + 2 < bytes.length ? Character.digit(bytes[i + 1], 16) : -1;
      int low = high < 0 ? -1 : Character.digit(bytes[i + 2], 16);
      decoded.write(low < 0 ? bytes[i] : high * 16 + low);
      i += low < 0 ? 0 : 2;
    }
    return decoded.toString(StandardCharsets.UTF_8);
  }

  @Override
  public String toString() {
    return message.isEmpty() ? "gRPC status " + code : message + " (gRPC status " + code + ")";
  }
}
