/** Files of a context, asked of a scripted service. */
import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type * as ContextFiles from "@effect-agentbay/core/ContextFiles"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import { actions, wired } from "../wired.js"

export const id = "SdkCtx-1"
export const path = "/home/wuying/notes/today.md"
export const url = "https://files.agentbay.test/SdkCtx-1/today.md?Expires=1&Signature=SECRET"

export const files = Effect.map(AgentBay.AgentBay, ({ contexts }) => contexts.files)
export const urlReply = AgentBayTest.ok({ Url: url, ExpireTime: 3600 })

export const service = (script: AgentBayTest.Script = {}) =>
  wired({
    script: {
      GetContextFileUploadUrl: urlReply,
      GetContextFileDownloadUrl: urlReply,
      PUT: AgentBayTest.raw(200, ""),
      GET: AgentBayTest.file("stored"),
      ...script
    }
  })

/** Asks one thing of the files; tells the end and the actions that were sent. */
export const asking =
  (script: AgentBayTest.Script = {}) =>
  <A, E>(ask: (files: ContextFiles.Service) => Effect.Effect<A, E>) =>
    Effect.gen(function* () {
      const end = yield* Effect.either(Effect.flatMap(files, ask))
      return { end, sent: yield* actions }
    }).pipe(Effect.provide(service(script)))

export const failureOf = <E>(end: Either.Either<unknown, E>): E => {
  if (Either.isRight(end)) throw new Error("it did not fail")
  return end.left
}

export const bytes = (text: string) => new TextEncoder().encode(text)
export const streamOf = (...pieces: ReadonlyArray<string>) =>
  Stream.fromIterable(pieces.map(bytes)).pipe(Stream.rechunk(1))

export const textOf = <E>(stream: Stream.Stream<Uint8Array, E>) =>
  Effect.map(Stream.runCollect(stream), (pieces) =>
    Buffer.concat(Chunk.toReadonlyArray(pieces)).toString("utf8")
  )
