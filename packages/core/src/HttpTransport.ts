/**
 * How one request gets its answer: the seam below `AgentBayHttp`. Any `HttpClient` of
 * `@effect/platform` will do ({@link fromHttpClient}); a platform may bring a leaner way.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"

/**
 * A request as it goes on the wire. The method is always `POST`. URL and body may hold the
 * API key: a transport must not log them or put them into an error.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly body: string
  /** How long the whole exchange may take, to the last byte of the answer. */
  readonly timeout: Duration.Duration
}

/**
 * An answer, whole. Header names are in lower case; a header that came several times may
 * be a list.
 *
 * @since 0.1.0
 * @category models
 */
export interface Response {
  readonly status: number
  readonly headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
  readonly text: string
}

/**
 * No whole answer came. `cause` is what the platform said about it.
 *
 * @since 0.1.0
 * @category errors
 */
export class TransportFault extends Data.TaggedError("TransportFault")<{
  readonly reason: "Transport" | "Timeout" | "Encode"
  readonly cause?: unknown
}> {}

/**
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Interruption aborts the exchange on the wire. */
  readonly post: (request: Request) => Effect.Effect<Response, TransportFault>
}

/**
 * @since 0.1.0
 * @category tags
 */
export class HttpTransport extends Context.Tag("@effect-agentbay/core/HttpTransport")<
  HttpTransport,
  Service
>() {}

// fetch would follow a redirect with the key in its form, to whoever it points at, and pass
// off the answer as the service's. Other clients do not look at this setting.
const withoutRedirects = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.contextWithEffect((context: Context.Context<never>) =>
    Effect.provideService(effect, FetchHttpClient.RequestInit, {
      ...Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit)),
      redirect: "manual"
    })
  )

/**
 * A transport over an `HttpClient`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromHttpClient = (httpClient: HttpClient.HttpClient): Service => {
  // The platform's own spans record URLs, and one URL holds the key. Ours do not.
  const client = HttpClient.withTracerDisabledWhen(httpClient, () => true)
  return {
    post: ({ body, headers, timeout, url }) =>
      client
        .execute(
          HttpClientRequest.post(url, { headers }).pipe(
            HttpClientRequest.bodyText(body, headers["content-type"])
          )
        )
        .pipe(
          withoutRedirects,
          Effect.flatMap((response) =>
            Effect.map(response.text, (text) => ({
              status: response.status,
              headers: response.headers,
              text
            }))
          ),
          // The platform's error holds the request, and with it the key: only its cause is kept.
          Effect.mapError(
            ({ cause, reason }) =>
              new TransportFault({
                reason: reason === "Encode" || reason === "InvalidUrl" ? "Encode" : "Transport",
                cause
              })
          ),
          // Also where nothing can be interrupted, as in finalizers, the time limit holds.
          Effect.interruptible,
          Effect.timeoutFail({
            duration: timeout,
            onTimeout: () => new TransportFault({ reason: "Timeout" })
          })
        )
  }
}

/**
 * A transport over the `HttpClient` of the environment.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHttpClient: Layer.Layer<HttpTransport, never, HttpClient.HttpClient> =
  Layer.effect(HttpTransport, Effect.map(HttpClient.HttpClient, fromHttpClient))
