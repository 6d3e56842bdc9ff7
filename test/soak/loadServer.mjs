// Local AgentBay in a process of its own, with sessions full of targets and rules of misbehaviour.
// It tells the parent of every call that those are about. Wants `--expose-gc`.
import { AgentBay } from "@effect-agentbay/core"
import { LocalAgentBay, NodeAgentBay } from "@effect-agentbay/node"
import { Effect, Redacted } from "effect"
import { subscribe } from "node:diagnostics_channel"
import { mkdirSync } from "node:fs"
import { join } from "node:path"

const { lastsMillis, plans, rules, sessions, targets } = await new Promise((resume) => {
  process.once("message", resume)
})

/** Of so many targets of a session one fails. */
const oneFailsOf = 10

const good = "/tmp/good"
const bad = "/tmp/bad"

// The steady clock, which all processes of a machine have in common: the other one can be set.
const now = () => Number(process.hrtime.bigint() / 1_000_000n)

// The rules count the calls of each action in the order in which they have come as a whole; what
// counts here at the same moments knows which call meets which rule.
const watch = () => {
  const counts = {}
  const kinds = {}
  for (const [action, plan] of Object.entries(plans)) {
    counts[action] = 0
    kinds[action] = new Map(plan.map(({ call, kind }) => [call, kind]))
  }
  subscribe("http.server.request.start", ({ request, response }) => {
    const pieces = []
    const emit = request.emit.bind(request)
    request.emit = (event, ...args) => {
      if (event === "data") pieces.push(args[0])
      if (event === "end") {
        const [, query = ""] = request.url.split("?")
        const sent = Number(request.headers["x-sent"])
        hasCome(new URLSearchParams(`${query}&${Buffer.concat(pieces)}`), sent, response)
      }
      return emit(event, ...args)
    }
  })
  // The task of each target that was shown last as ended.
  const shown = new Map()
  const look = (sessionId, body, at) => {
    const [{ data }] = JSON.parse(JSON.parse(body).Data.ContextStatus)
    for (const { path, status, taskId } of JSON.parse(data)) {
      const target = `${sessionId} ${path}`
      if (status === "Running" || shown.get(target) === taskId) continue
      shown.set(target, taskId)
      process.send({ shown: { sessionId, path, at } })
    }
  }
  const hasCome = (parameters, sent, response) => {
    const action = parameters.get("Action")
    if (!(action in counts)) return
    const number = ++counts[action]
    const begin = now()
    let body = ""
    if (action === "GetContextInfo") {
      const end = response.end.bind(response)
      response.end = (text, ...args) => {
        body = text
        return end(text, ...args)
      }
    }
    response.once("close", () => {
      const kind = kinds[action].get(number)
      const sessionId = parameters.get("SessionId")
      process.send({
        call: {
          action,
          number,
          kind,
          status: response.headersSent ? response.statusCode : 0,
          sessionId,
          path: parameters.get("Path") ?? undefined,
          sent,
          begin,
          end: now()
        }
      })
      if (body !== "" && (kind === undefined || kind === "late")) look(sessionId, body, begin)
    })
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
    ...rules,
    {
      when: { contextId: fails.id, taskType: "upload" },
      then: { task: { lasts, fail: "by rule" } }
    },
    { when: { taskType: "upload" }, then: { task: { lasts } } }
  ])
  watch()
  process.on("message", () => {
    globalThis.gc()
    process.send({ heap: process.memoryUsage().heapUsed })
  })
  process.send({ server: { apiKey: Redacted.value(local.apiKey), url: local.url, sessions: made } })
  yield* Effect.async((resume) => {
    process.once("disconnect", () => resume(Effect.void))
  })
}).pipe(Effect.scoped, Effect.provide(NodeAgentBay.layerLocalTest()))

await Effect.runPromise(program)
