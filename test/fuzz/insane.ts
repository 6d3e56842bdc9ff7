/** A service that answers as it likes to one kind of request, and to the others as it should. */
import * as HttpTransport from "@effect-agentbay/core/HttpTransport"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { makeScriptedClient } from "../../packages/core/src/internal/scriptedClient.js"
import type { Random } from "./random.js"
import { type Answer, anyAnswer } from "./replies.js"
import { anyToolText } from "./toolTexts.js"

const link = "(link) callTool"

/** What is asked for: an action, and of the call of a tool its name too. */
const askedFor = ({ body, url }: HttpTransport.Request): string => {
  const action = new URL(url).searchParams.get("Action") ?? link
  const name =
    action === "CallMcpTool"
      ? new URLSearchParams(body).get("Name")
      : action === link
        ? /"tool":"(\w+)"/.exec(body)?.[1]
        : undefined
  return typeof name === "string" ? `${action} ${name}` : action
}

/** A service that answers from memory as long as `answer` has nothing for what is asked for. */
export const transportWith = (answer: (asked: string) => Answer | undefined) => {
  const { client } = makeScriptedClient({ script: {}, taskPolls: 1 })
  const sane = HttpTransport.fromHttpClient(client)
  const spoiled = (asked: string) => Effect.sync(() => answer(asked))
  const bodyOf = (text: string) => Stream.make(new TextEncoder().encode(text))
  return HttpTransport.HttpTransport.of({
    post: (request) =>
      Effect.flatMap(spoiled(askedFor(request)), (given) =>
        given === undefined ? sane.post(request) : Effect.succeed(given)
      ),
    put: (upload) =>
      Effect.flatMap(spoiled("PUT"), (given) =>
        given === undefined ? sane.put(upload) : Effect.succeed(given)
      ),
    get: (url) =>
      Effect.flatMap(spoiled("GET"), (given) =>
        given === undefined
          ? sane.get(url)
          : Effect.succeed({ ...given, body: bodyOf(given.text.slice(0, 10_000)) })
      )
  })
}

/** Of whom what is sent to and fetched from a store of files is spoiled. */
const sampleOf = (asked: string): string =>
  asked === "PUT"
    ? "GetContextFileUploadUrl"
    : asked === "GET"
      ? "GetContextFileDownloadUrl"
      : asked.replace(/^CallMcpTool .*/, "CallMcpTool").replace(/^\(link\) callTool .*/, link)

/**
 * After so many answers of one case the rest are no: a service that always has another page, or
 * one more byte of a file, is the caller's to cut off.
 */
const most = 2000

const no: Answer = { status: 400, headers: {}, text: '{"Code":"Enough","Message":"enough"}' }

/** The same answer again and again, or another each time; now and then that of memory. */
export const answering = (random: Random, seen: Array<unknown>) => {
  const isSteady = random.chance(0.4)
  const kept = new Map<string, Answer | undefined>()
  let count = 0
  return (asked: string): Answer | undefined => {
    count += 1
    if (count > most) return no
    if (isSteady && kept.has(asked)) return kept.get(asked)
    const answer = random.chance(0.7)
      ? (anyToolText(asked, random) ?? anyAnswer(sampleOf(asked), random))
      : undefined
    kept.set(asked, answer)
    // Pages without an end are the reader's to cut off, but not in memory.
    if (seen.length < 40) seen.push(answer === undefined ? asked : [asked, answer])
    return answer
  }
}
