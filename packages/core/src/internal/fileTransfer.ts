import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { ApiError, TransportError } from "../AgentBayError.js"
import * as HttpTransport from "../HttpTransport.js"
import { readRetryAfter } from "./envelope.js"
import { handedOver } from "./handover.js"
import { timeLimit } from "./timeLimit.js"
import { bare, rewriteCause, systemCodeOf } from "./transportFault.js"

/** A presigned URL, and the request id of the answer it came with. */
export interface Presigned {
  readonly url: Redacted.Redacted
  readonly requestId: string
}

/** Carries the bytes of files to presigned URLs and back. */
export interface FileTransfer {
  /** Sends exactly `length` bytes. What the stream fails with goes through. */
  readonly upload: <E>(
    presigned: Presigned,
    content: { readonly length: number; readonly body: Uint8Array | Stream.Stream<Uint8Array, E> }
  ) => Effect.Effect<void, TransportError | E>
  /** Reads a file to its end, or fails. */
  readonly download: (presigned: Presigned) => Stream.Stream<Uint8Array, TransportError | ApiError>
}

type Transfer = "PutContextFile" | "GetContextFile"

const isSuccess = ({ status }: HttpTransport.Head) => status >= 200 && status < 300

// The words of a defect may hold the URL as well.
const bareDefect = () => bare("The transport of files has a fault")

const timedOut = () => new HttpTransport.TransportFault({ reason: "Timeout" })

// A code is a word such as ECONNRESET, or one of those about certificates. Anything else that a
// platform says of a fault may quote the URL, which is as good as a key, so nothing else is kept.
const codeWord =
  /^(?:E|UND_ERR_|ERR_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_)[A-Z_]{2,40}$/

const codeOf = (fault: HttpTransport.TransportFault): string | undefined => {
  const code = systemCodeOf(fault)
  return code !== undefined && codeWord.test(code) ? code : undefined
}

const lengthIn = ({ headers }: HttpTransport.Head): number | undefined => {
  const text = String(headers["content-length"] ?? "")
  const encoding = String(headers["content-encoding"] ?? "identity")
  // The length of an encoded body says nothing about the bytes of the file.
  return /^\d+$/.test(text) && encoding === "identity" ? Number(text) : undefined
}

/** Carries files over a transport. The time limit is for standing still, not for the whole. */
export const makeFileTransfer = (options: {
  readonly timeout: Duration.Duration
  readonly transport: HttpTransport.Service
}): FileTransfer => {
  const { timeout, transport } = options

  const toError =
    (operation: Transfer, requestId: string) =>
    (fault: HttpTransport.TransportFault): TransportError => {
      if (fault.reason === "Timeout") {
        const description = `nothing moved for ${Duration.format(timeout)}`
        return new TransportError({ operation, reason: "Timeout", description, requestId })
      }
      const code = codeOf(fault)
      const description =
        fault.reason === "Encode"
          ? "the URL of the file cannot be used"
          : `the connection to the store of the files failed${code === undefined ? "" : `: ${code}`}`
      return new TransportError({
        operation,
        reason: fault.reason,
        description,
        code,
        requestId,
        cause: bare(description)
      })
    }

  const refusal = (operation: Transfer, requestId: string, head: HttpTransport.Head) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.fail(
        new TransportError({
          operation,
          reason: "Status",
          description: `the store of the files answered HTTP ${head.status}`,
          status: head.status,
          requestId,
          retryAfter: Option.getOrUndefined(readRetryAfter(head.headers, now))
        })
      )
    )

  const upload: FileTransfer["upload"] = ({ requestId, url }, { body, length }) => {
    const fail = toError("PutContextFile", requestId)
    const put = (content: Uint8Array | Stream.Stream<Uint8Array>) =>
      Effect.catchAllCause(transport.put({ url, length, body: content }), (cause) =>
        Effect.failCause(rewriteCause(cause, fail, bareDefect))
      )
    const putBytes = (bytes: Uint8Array) => timeLimit(timeout, () => fail(timedOut()))(put(bytes))
    const exchange =
      body instanceof Uint8Array
        ? putBytes(body)
        : length === 0
          ? // A store has an empty file as soon as it is asked, so the stream has to end first.
            Effect.zipRight(Stream.runDrain(body), putBytes(new Uint8Array()))
          : handedOver({
              source: body,
              length,
              timeout,
              use: put,
              onTimeout: () => fail(timedOut()),
              onEarlyEnd: (head) =>
                isSuccess(head)
                  ? Effect.fail(
                      new TransportError({
                        operation: "PutContextFile",
                        reason: "Transport",
                        description: "the store of the files answered before it had the whole file",
                        status: head.status,
                        requestId
                      })
                    )
                  : Effect.succeed(head)
            })
    return Effect.flatMap(exchange, (head) =>
      isSuccess(head) ? Effect.void : refusal("PutContextFile", requestId, head)
    )
  }

  const download: FileTransfer["download"] = ({ requestId, url }) => {
    const fail = toError("GetContextFile", requestId)
    const open = Effect.catchAllCause(timeLimit(timeout, timedOut)(transport.get(url)), (cause) =>
      Effect.failCause(rewriteCause(cause, fail, bareDefect))
    )

    const brokenOff = (status: number, received: number, length: number) =>
      new TransportError({
        operation: "GetContextFile",
        reason: "Transport",
        description: `the file ended after ${received} of ${length} bytes`,
        status,
        requestId
      })

    const whole = ({ body, status, ...head }: HttpTransport.Download) => {
      const length = lengthIn({ status, ...head })
      let received = 0
      const checkEnd = Stream.suspend(() =>
        length === undefined || received === length
          ? Stream.empty
          : Stream.fail(brokenOff(status, received, length))
      )
      return Stream.fromPull(
        Effect.map(
          Stream.toPull(body),
          timeLimit(timeout, () => Option.some(timedOut()))
        )
      ).pipe(
        Stream.mapErrorCause((cause) => rewriteCause(cause, fail, bareDefect)),
        Stream.map((bytes) => {
          received += bytes.length
          return bytes
        }),
        Stream.concat(checkEnd)
      )
    }

    const absent = () =>
      new ApiError({
        operation: "GetContextFile",
        reason: "FileNotFound",
        code: "",
        description: "the store of the files has none at this path",
        httpStatus: 404,
        requestId
      })

    return Stream.unwrapScoped(
      Effect.gen(function* () {
        const answer = yield* open
        if (answer.status === 200) return whole(answer)
        return yield* answer.status === 404
          ? absent()
          : refusal("GetContextFile", requestId, answer)
      })
    )
  }

  return { upload, download }
}
