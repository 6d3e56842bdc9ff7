import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import { InvalidArgument } from "../AgentBayError.js"
import type { Content } from "../ContextFiles.js"
import { refuse, shown, wholeNumber } from "./arguments.js"
import { concat, cut } from "./bytes.js"
import { isWellFormed } from "./textPieces.js"

/** What is sent: bytes, or a stream that gives exactly as many as it says. */
export interface Sendable<E> {
  readonly length: number
  readonly body: Uint8Array | Stream.Stream<Uint8Array, E>
}

// Time limits look at what a transport takes, so it has to be given little at a time.
const pieceSize = 64 * 1024

const ofBytes = (bytes: Uint8Array): Sendable<never> => ({
  length: bytes.length,
  body:
    bytes.length <= pieceSize
      ? bytes
      : Stream.fromIterable({ [Symbol.iterator]: () => cut(bytes, pieceSize) })
})

/**
 * A stream that fails when it gives another number of bytes than promised. The last piece is
 * held back until the stream has ended well: a store that has every byte it was promised
 * would keep them, whatever comes to light afterwards.
 */
const exactly = <E>(
  stream: Stream.Stream<Uint8Array, E>,
  length: number
): Stream.Stream<Uint8Array, E | InvalidArgument> =>
  Stream.suspend(() => {
    let received = 0
    let held: Uint8Array | undefined
    const noBytes = new InvalidArgument({
      argument: "content.stream",
      issue: "must give its bytes as Uint8Array",
      brokenOff: true
    })
    const wrong = (found: string) =>
      new InvalidArgument({
        argument: "content.length",
        issue: `says ${length} bytes, but the stream gave ${found}`,
        brokenOff: true
      })
    return stream.pipe(
      Stream.mapChunksEffect((chunk) => {
        const given = Chunk.toReadonlyArray(chunk)
        // Texts and numbers would be stored as other bytes.
        if (!given.every((piece) => piece instanceof Uint8Array)) return Effect.fail(noBytes)
        const bytes = concat(given)
        if (bytes.length === 0) return Effect.succeed(Chunk.empty<Uint8Array>())
        received += bytes.length
        if (received > length) return Effect.fail(wrong("more"))
        const pieces = [...cut(bytes, pieceSize)]
        if (held !== undefined) pieces.unshift(held)
        held = pieces.pop()
        return Effect.succeed(Chunk.unsafeFromArray(pieces))
      }),
      Stream.concat(
        Stream.suspend(() => {
          if (received < length) return Stream.fail(wrong(`${received}`))
          return held === undefined ? Stream.empty : Stream.make(held)
        })
      )
    )
  })

/** Checks what is to be stored, as far as it can be seen before it is read. */
export const sendable = <E>(
  content: Content<E>
): Effect.Effect<Sendable<E | InvalidArgument>, InvalidArgument> => {
  if (typeof content === "string") {
    return isWellFormed(content)
      ? Effect.succeed(ofBytes(new TextEncoder().encode(content)))
      : refuse("content", "must be well-formed Unicode: it would be stored as another text")
  }
  if (content instanceof Uint8Array) return Effect.succeed(ofBytes(content))
  if (!Predicate.hasProperty(content, "stream")) {
    return refuse("content", "must be a text, a Uint8Array, or a stream with its length")
  }
  if (!Predicate.hasProperty(content.stream, Stream.StreamTypeId)) {
    return refuse("content.stream", `must be a Stream, but is ${shown(content.stream)}`)
  }
  return Effect.map(wholeNumber("content.length", content.length), (length) => ({
    length,
    body: exactly(content.stream, length)
  }))
}
