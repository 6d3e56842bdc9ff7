/**
 * How one request gets its answer: the seam below `AgentBayHttp`. Any `HttpClient` of
 * `@effect/platform` will do ({@link fromHttpClient}); a platform may bring a leaner way.
 *
 * @since 0.1.0
 */
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { answerText } from "./internal/answerText.js"
import { timeLimit } from "./internal/timeLimit.js"

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
 * The bytes of a file on their way to a presigned URL, which needs no key and is kept like
 * one. A stream gives exactly `length` bytes, or is interrupted.
 *
 * @since 0.1.0
 * @category models
 */
export interface Upload {
  readonly url: Redacted.Redacted
  readonly length: number
  readonly body: Uint8Array | Stream.Stream<Uint8Array>
}

/**
 * The head of an answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Head {
  readonly status: number
  readonly headers: Response["headers"]
}

/**
 * An answer whose body is read as it comes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Download extends Head {
  readonly body: Stream.Stream<Uint8Array, TransportFault>
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
  /**
   * Sends a file as the body of a `PUT` that carries its length and no header besides those
   * that HTTP wants. Nothing is held but a few pieces. There is no time limit: the caller
   * keeps one. Interruption aborts the exchange on the wire. No redirect is followed.
   */
  readonly put: (upload: Upload) => Effect.Effect<Head, TransportFault>
  /**
   * Reads a file with a `GET`. The body comes as fast as it is read; when the scope closes,
   * what is left of the exchange is aborted. There is no time limit: the caller keeps one. No
   * redirect is followed.
   */
  readonly get: (url: Redacted.Redacted) => Effect.Effect<Download, TransportFault, Scope.Scope>
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
const withRedirects =
  (redirect: "manual" | "error") =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.contextWithEffect((context: Context.Context<never>) =>
      Effect.provideService(effect, FetchHttpClient.RequestInit, {
        ...Option.getOrUndefined(Context.getOption(context, FetchHttpClient.RequestInit)),
        redirect
      })
    )

const withoutRedirects = withRedirects("manual")

// The platform's error holds the request, and with it the key or the URL that is kept like
// one: only its cause goes on.
const toFault = ({ cause, reason }: HttpClientError.HttpClientError): TransportFault =>
  new TransportFault({
    reason: reason === "Encode" || reason === "InvalidUrl" ? "Encode" : "Transport",
    cause
  })

// fetch sends a stream in chunks and without its length, which a file store does not take.
// Where it can be told otherwise, as on Node, it is. And it keeps all of a stream for the
// case of a redirect, unless a redirect is an error for it.
const withStream =
  (length: number) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.contextWithEffect((context: Context.Context<never>) => {
      const fetch = Option.getOrElse(
        Context.getOption(context, FetchHttpClient.Fetch),
        () => globalThis.fetch
      )
      return Effect.provideService(effect, FetchHttpClient.Fetch, (input, init) => {
        const headers = new Headers(init?.headers)
        headers.set("content-length", String(length))
        return fetch(input, { ...init, headers })
      })
    }).pipe(withRedirects("error"))

// An empty content type is none: a presigned URL may be void for a request that has one.
const bodyOf = ({ body, length }: Upload): HttpBody.HttpBody =>
  body instanceof Uint8Array ? HttpBody.uint8Array(body, "") : HttpBody.stream(body, "", length)

/**
 * How many bytes an answer to a `POST` may have, unpacked: 256 MiB. A larger one is a fault of
 * the transport, and what is left of it is not read. Files that are put and got do not count.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxAnswerBytes = 256 * 2 ** 20

/**
 * A transport over an `HttpClient`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromHttpClient = (httpClient: HttpClient.HttpClient): Service => {
  // The platform's own spans record URLs, and one URL holds the key. Ours do not.
  const client = HttpClient.withTracerDisabledWhen(httpClient, () => true)
  const scoped = HttpClient.withScope(client)
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
            Effect.map(answerText(response, maxAnswerBytes), (text) => ({
              status: response.status,
              headers: response.headers,
              text
            }))
          ),
          Effect.mapError((error) =>
            error._tag === "TooLarge"
              ? new TransportFault({ reason: "Transport", cause: error.cause })
              : toFault(error)
          ),
          timeLimit(timeout, () => new TransportFault({ reason: "Timeout" }))
        ),
    put: (upload) =>
      scoped
        .execute(
          HttpClientRequest.put(Redacted.value(upload.url)).pipe(
            HttpClientRequest.setBody(bodyOf(upload))
          )
        )
        .pipe(
          upload.body instanceof Uint8Array ? withoutRedirects : withStream(upload.length),
          Effect.map(({ headers, status }) => ({ headers, status })),
          Effect.mapError(toFault),
          Effect.scoped
        ),
    get: (url) =>
      scoped.execute(HttpClientRequest.get(Redacted.value(url))).pipe(
        withoutRedirects,
        Effect.map((response) => ({
          status: response.status,
          headers: response.headers,
          body: Stream.catchAll(response.stream, (error) =>
            error.reason === "EmptyBody" ? Stream.empty : Stream.fail(toFault(error))
          )
        })),
        Effect.mapError(toFault)
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
