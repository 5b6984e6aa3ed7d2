package dev.registrymirror.agent.store.containerd;

import com.google.protobuf.Empty;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import dev.registrymirror.agent.store.containerd.api.Envelope;
import dev.registrymirror.agent.store.containerd.api.ListContentRequest;
import dev.registrymirror.agent.store.containerd.api.ListContentResponse;
import dev.registrymirror.agent.store.containerd.api.ListImagesRequest;
import dev.registrymirror.agent.store.containerd.api.ListImagesResponse;
import dev.registrymirror.agent.store.containerd.api.PluginsRequest;
import dev.registrymirror.agent.store.containerd.api.PluginsResponse;
import dev.registrymirror.agent.store.containerd.api.StatusRequest;
import dev.registrymirror.agent.store.containerd.api.StatusResponse;
import dev.registrymirror.agent.store.containerd.api.SubscribeRequest;
import dev.registrymirror.agent.store.containerd.api.VersionResponse;

/**
 * A method of containerd's API.
 *
 * @param path {@code /package.Service/Method}
 * @param streams whether it answers any number of messages, and not one
 * @param <Q> what is sent, one message
 * @param <A> what is answered, one message or more
 */
// Q is for the compiler: what a method is sent.
@SuppressWarnings("UnusedTypeParameter")
record GrpcMethod<Q extends MessageLite, A extends MessageLite>(
    String path, Parser<A> answers, boolean streams) {

  static final GrpcMethod<Empty, VersionResponse> VERSION =
      new GrpcMethod<>(
          "/containerd.services.version.v1.Version/Version", VersionResponse.parser(), false);

  static final GrpcMethod<ListImagesRequest, ListImagesResponse> IMAGES =
      new GrpcMethod<>(
          "/containerd.services.images.v1.Images/List", ListImagesResponse.parser(), false);

  static final GrpcMethod<ListContentRequest, ListContentResponse> CONTENT =
      new GrpcMethod<>(
          "/containerd.services.content.v1.Content/List", ListContentResponse.parser(), true);

  static final GrpcMethod<SubscribeRequest, Envelope> EVENTS =
      new GrpcMethod<>("/containerd.services.events.v1.Events/Subscribe", Envelope.parser(), true);

  static final GrpcMethod<PluginsRequest, PluginsResponse> PLUGINS =
      new GrpcMethod<>(
          "/containerd.services.introspection.v1.Introspection/Plugins",
          PluginsResponse.parser(),
          false);

  static final GrpcMethod<StatusRequest, StatusResponse> CRI_STATUS =
      new GrpcMethod<>("/runtime.v1.RuntimeService/Status", StatusResponse.parser(), false);
}
