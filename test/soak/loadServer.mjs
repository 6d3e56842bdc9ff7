// Local AgentBay in a process of its own, with sessions full of targets and rules of misbehaviour.
// It keeps a book of the calls, and tells it when the parent asks for it.
import { AgentBay } from "@effect-agentbay/core"
import { LocalAgentBay, NodeAgentBay } from "@effect-agentbay/node"
import { Effect, Redacted, Schedule } from "effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"

const { faults, lastsMillis, retryAfterMillis, sessions, targets } = JSON.parse(process.argv[2])

/** Of so many targets of a session one fails. */
const oneFailsOf = 10

const good = "/tmp/good"
const bad = "/tmp/bad"

/** The log of the server holds the last thousand calls, so it is read often. */
const readEvery = "200 millis"

/** What is kept of the calls: how often each ended how, and who came too early. */
const makeBook = () => {
  const counts = {}
  const askedToWait = new Map()
  const seen = new Set()
  const early = []
  let missed = false
  return {
    take: (calls) => {
      if (calls.length === 1000 && seen.size > 0 && !seen.has(calls[0].requestId)) missed = true
      for (const { action, at, durationMillis, requestId, sessionId, status } of calls) {
        if (seen.has(requestId)) continue
        seen.add(requestId)
        const key = `${action} ${status}`
        counts[key] = (counts[key] ?? 0) + 1
        if (action !== "GetContextInfo") continue
        const end = Date.parse(at)
        const begin = end - durationMillis
        const until = askedToWait.get(sessionId) ?? -Infinity
        // Requests that were on their way when the other was refused have not heard of it.
        const refusedAt = until - retryAfterMillis
        if (begin > refusedAt + 5 && begin < until - 5) {
          early.push({ sessionId, tooEarlyMillis: until - begin, afterMillis: begin - refusedAt })
        }
        if (status === 429) askedToWait.set(sessionId, end + retryAfterMillis)
      }
      // The log is a window of a thousand: what has left it does not come back.
      if (seen.size > 20_000) {
        const kept = [...seen].slice(-5000)
        seen.clear()
        for (const id of kept) seen.add(id)
      }
    },
    tell: () => ({ counts, early: early.slice(0, 20), earlyCount: early.length, missed })
  }
}

const program = Effect.gen(function* () {
  const local = yield* LocalAgentBay.LocalAgentBay
  const agentBay = yield* AgentBay.AgentBay
  const works = yield* agentBay.contexts.getOrCreate("works")
  const fails = yield* agentBay.contexts.getOrCreate("fails")
  const contexts = [
    { contextId: works.id, path: good },
    { contextId: fails.id, path: bad }
  ]
  const made = yield* Effect.forEach(
    Array.from({ length: sessions }),
    () =>
      Effect.map(agentBay.create({ contexts }), ({ sessionId }) => ({
        sessionId,
        targets: Array.from({ length: targets }, (_, index) => {
          const isBad = index % oneFailsOf === 0
          const path = `${isBad ? bad : good}/${Math.floor(index / 100)}/${index}`
          mkdirSync(join(local.sessionDirectory(sessionId), path), { recursive: true })
          return { contextId: isBad ? fails.id : works.id, path, fails: isBad }
        })
      })),
    { concurrency: 4 }
  )
  const lasts = `${lastsMillis} millis`
  yield* local.faults.set([
    ...faults,
    {
      when: { contextId: fails.id, taskType: "upload" },
      then: { task: { lasts, fail: "by rule" } }
    },
    { when: { taskType: "upload" }, then: { task: { lasts } } }
  ])
  const book = makeBook()
  const read = Effect.map(local.admin.calls(1000), book.take)
  yield* Effect.forkScoped(Effect.repeat(read, Schedule.spaced(readEvery)))
  process.on("message", () => {
    Effect.runPromise(read).then(() => process.send({ book: book.tell() }))
  })
  process.send({ server: { apiKey: Redacted.value(local.apiKey), url: local.url, sessions: made } })
  yield* Effect.async((resume) => {
    process.once("disconnect", () => resume(Effect.void))
  })
}).pipe(Effect.scoped, Effect.provide(NodeAgentBay.layerLocalTest()))

await Effect.runPromise(program)
