import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { concat } from "./bytes.js"

/** What is said of an answer that has more bytes than it may have. */
export interface TooLarge {
  readonly _tag: "TooLarge"
  readonly cause: Error
}

const tooLarge = (maxBytes: number): TooLarge => ({
  _tag: "TooLarge",
  cause: new Error(`The answer is larger than ${maxBytes} bytes`)
})

/** Whether an answer says that it fits; one that comes packed does not say what is in it. */
const fits = ({ headers }: HttpClientResponse.HttpClientResponse, maxBytes: number): boolean =>
  headers["content-encoding"] === undefined && Number(headers["content-length"]) <= maxBytes

/**
 * The text of an answer, which is read no further than it may be long. The platform's own has
 * no end, and what comes packed and small may unpack to anything; but it takes a quarter of the
 * time, so it reads what says that it fits.
 */
export const answerText = (
  response: HttpClientResponse.HttpClientResponse,
  maxBytes: number
): Effect.Effect<string, HttpClientError.ResponseError | TooLarge> =>
  fits(response, maxBytes)
    ? response.text
    : Effect.suspend(() => {
        const pieces: Array<Uint8Array> = []
        let bytes = 0
        let fault: HttpClientError.ResponseError | undefined
        return response.stream.pipe(
          // Inside the stream: it runs in a fiber of its own, and with what such a one fails is
          // logged. The platform's error holds the request, and with it the key.
          Stream.catchAll((error) => {
            if (error.reason !== "EmptyBody") fault = error
            return Stream.empty
          }),
          Stream.runForEach((piece) => {
            bytes += piece.length
            if (bytes <= maxBytes) {
              pieces.push(piece)
              return Effect.void
            }
            pieces.length = 0
            return Effect.fail(tooLarge(maxBytes))
          }),
          Effect.flatMap(() =>
            fault === undefined
              ? Effect.succeed(new TextDecoder().decode(concat(pieces)))
              : Effect.fail(fault)
          )
        )
      })
