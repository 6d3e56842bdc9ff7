import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { InvalidArgument } from "../AgentBayError.js"
import type { Content } from "../ContextFiles.js"
import { refuse, wholeNumber } from "./arguments.js"
import { isWellFormed } from "./storedPath.js"

/** What is sent: bytes, or a stream that gives exactly as many as it says. */
export interface Sendable<E> {
  readonly length: number
  readonly body: Uint8Array | Stream.Stream<Uint8Array, E>
}

/** Up to here content goes in one piece. */
const pieceSize = 64 * 1024

const ofBytes = (bytes: Uint8Array): Sendable<never> => ({
  length: bytes.length,
  body:
    bytes.length <= pieceSize
      ? bytes
      : Stream.unfold(0, (offset) =>
          offset < bytes.length
            ? Option.some([bytes.subarray(offset, offset + pieceSize), offset + pieceSize] as const)
            : Option.none()
        )
})

const concat = (pieces: Chunk.Chunk<Uint8Array>, total: number): Uint8Array => {
  const only = Chunk.get(pieces, 0)
  if (pieces.length === 1 && only._tag === "Some") return only.value
  const all = new Uint8Array(total)
  let offset = 0
  for (const piece of pieces) {
    all.set(piece, offset)
    offset += piece.length
  }
  return all
}

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
    const wrong = (found: string) =>
      new InvalidArgument({
        argument: "content.length",
        issue: `says ${length} bytes, but the stream gave ${found}`,
        brokenOff: true
      })
    return stream.pipe(
      Stream.mapChunksEffect((pieces) => {
        const size = Chunk.reduce(pieces, 0, (total, piece) => total + piece.length)
        if (size === 0) return Effect.succeed(Chunk.empty<Uint8Array>())
        received += size
        if (received > length) return Effect.fail(wrong("more"))
        const before = held
        held = concat(pieces, size)
        return Effect.succeed(before === undefined ? Chunk.empty() : Chunk.of(before))
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
  return Effect.map(wholeNumber("content.length", content.length), (length) => ({
    length,
    body: exactly(content.stream, length)
  }))
}
