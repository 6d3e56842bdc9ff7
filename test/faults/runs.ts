/** The effects of the matrix, to be run: each is prepared without faults, and then run with them. */
import type * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type { FileUrl } from "@effect-agentbay/core/ContextFiles"
import type { ContextDetails } from "@effect-agentbay/core/Contexts"
import type { Session } from "@effect-agentbay/core/Session"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { EffectName } from "./effects.js"
import { afterTheFirst, only, syncRuns, untilTheEnd } from "./syncRuns.js"
import { toolRuns } from "./toolRuns.js"
import { all, type Run, type Runnable, running, type World } from "./world.js"

const goneLate = { GetSessionDetail: untilTheEnd(AgentBayTest.ok({ Status: "DELETING" })) }

const file = "/home/wuying/there.txt"
const bytes = new TextEncoder().encode("there")

/** With a file in the context. */
const withStored = (run: (world: World) => Run): Runnable => ({
  prepare: (world) =>
    Effect.as(world.agentBay.contexts.files.put(world.other, file, "there"), run(world))
})

/** With two files in a folder of the context. */
const withFolder = (run: (world: World) => Run): Runnable => ({
  prepare: (world) =>
    Effect.as(
      Effect.forEach(["a", "b"], (name) =>
        world.agentBay.contexts.files.put(world.other, `/folder/${name}.txt`, name)
      ),
      run(world)
    )
})

/** With a context of its own. */
const withContext = (run: (agentBay: AgentBay.Service, id: string) => Run): Runnable => ({
  prepare: ({ agentBay, session }) =>
    Effect.map(agentBay.contexts.create(`of ${session.sessionId}`), ({ id }) => run(agentBay, id))
})

type Labels = { readonly [name: string]: string }

/** With another session, and labels that only these two have. */
const withAnother = (run: (world: World, labels: Labels) => Run): Runnable => ({
  prepare: (world) => {
    const labels = { of: world.session.sessionId }
    return Effect.zipRight(
      world.session.labels.set(labels),
      world.agentBay.create({ labels })
    ).pipe(Effect.as(run(world, labels)))
  }
})

const detailsOf =
  ({ nameOf }: World) =>
  ({ id, name, state }: ContextDetails) => ({ id: nameOf(id), name, state })

const namesOf = (items: ReadonlyArray<{ readonly name: string }>) => items.map(({ name }) => name)

const sessionsOf =
  ({ session }: World) =>
  (items: ReadonlyArray<AgentBay.SessionSummary>) =>
    items.map(
      ({ sessionId, status }) =>
        `${sessionId === session.sessionId ? "the session" : "another"} ${status}`
    )

const openedOf =
  ({ session }: World) =>
  ({ sessionId }: Session) =>
    sessionId === session.sessionId ? "the session" : "a session of its own id"

const urlOf =
  ({ other }: World) =>
  ({ url }: FileUrl) =>
    Redacted.value(url).includes(`/${other}/${encodeURIComponent(file)}`)
      ? "a URL of the file"
      : "another URL"

const textOf = (pieces: ReadonlyArray<Uint8Array>) =>
  pieces.map((piece) => new TextDecoder().decode(piece)).join("")

export const runs: { readonly [name in EffectName]: Runnable } = {
  ...syncRuns,

  "contexts.get": running((world) =>
    Effect.map(world.agentBay.contexts.get("other"), detailsOf(world))
  ),
  "contexts.getById": running((world) =>
    Effect.map(world.agentBay.contexts.getById(world.other), detailsOf(world))
  ),
  "contexts.create": running((world) =>
    Effect.map(world.agentBay.contexts.create("third"), detailsOf(world))
  ),
  "contexts.getOrCreate": running((world) =>
    Effect.map(world.agentBay.contexts.getOrCreate("third"), detailsOf(world))
  ),
  "contexts.list": running(({ agentBay }) =>
    Effect.map(all(agentBay.contexts.list({ pageSize: 1 })), namesOf)
  ),
  "contexts.listPage": running(({ agentBay }) =>
    Effect.map(agentBay.contexts.listPage(), ({ items }) => namesOf(items))
  ),
  "contexts.rename": withContext(({ contexts }, id) => contexts.rename(id, `${id} renamed`)),
  "contexts.remove": withContext(({ contexts }, id) => contexts.remove(id)),
  "contexts.clear": running(({ agentBay, other }) => agentBay.contexts.clear(other)),
  "contexts.clearStarted": running(({ agentBay, other }) => agentBay.contexts.clearStarted(other)),
  "contexts.clearStatus": running(({ agentBay, other }) => agentBay.contexts.clearStatus(other)),

  "contexts.files.put": running(({ agentBay, other }) =>
    agentBay.contexts.files.put(other, file, "there")
  ),
  "contexts.files.put (a stream)": running(({ agentBay, other }) =>
    agentBay.contexts.files.put(other, file, {
      stream: Stream.make(bytes.subarray(0, 2), bytes.subarray(2)),
      length: bytes.length
    })
  ),
  "contexts.files.get": withStored(({ agentBay, other }) =>
    Effect.map(all(agentBay.contexts.files.get(other, file)), textOf)
  ),
  "contexts.files.list": withFolder(({ agentBay, other }) =>
    Effect.map(all(agentBay.contexts.files.list(other, "/folder", { pageSize: 1 })), namesOf)
  ),
  "contexts.files.listPage": withFolder(({ agentBay, other }) =>
    Effect.map(agentBay.contexts.files.listPage(other, "/folder"), ({ items }) => namesOf(items))
  ),
  "contexts.files.remove": withStored(({ agentBay, other }) =>
    agentBay.contexts.files.remove(other, file)
  ),
  "contexts.files.uploadUrl": running((world) =>
    Effect.map(world.agentBay.contexts.files.uploadUrl(world.other, file), urlOf(world))
  ),
  "contexts.files.downloadUrl": withStored((world) =>
    Effect.map(world.agentBay.contexts.files.downloadUrl(world.other, file), urlOf(world))
  ),

  "agentBay.create": running((world) =>
    Effect.map(world.agentBay.create({ contexts: [world.target] }), openedOf(world))
  ),
  "agentBay.session, to the end of its scope": running(
    (world) =>
      Effect.map(
        Effect.scoped(world.agentBay.session({ contexts: [world.target] })),
        openedOf(world)
      ),
    goneLate
  ),
  "agentBay.get": running((world) =>
    Effect.map(world.agentBay.get(world.session.sessionId), openedOf(world))
  ),
  "agentBay.list": withAnother((world, labels) =>
    Effect.map(all(world.agentBay.list({ labels, pageSize: 1 })), sessionsOf(world))
  ),
  "agentBay.listPage": withAnother((world, labels) =>
    Effect.map(world.agentBay.listPage({ labels }), ({ items }) => sessionsOf(world)(items))
  ),
  "agentBay.listPage (the second)": withAnother((world, labels) =>
    Effect.map(world.agentBay.listPage({ labels, pageSize: 1, page: 2 }), ({ items }) =>
      sessionsOf(world)(items)
    )
  ),
  "agentBay.syncSessions": running(({ agentBay, session, target }) =>
    only(Effect.orDie(agentBay.syncSessions([{ sessionId: session.sessionId, ...target }])))
  ),
  "agentBay.syncSessions (the second of two)": {
    prepare: ({ agentBay, session, target }) =>
      Effect.map(agentBay.create({ contexts: [{ ...target, waitForDownload: false }] }), (next) => {
        const first = { sessionId: session.sessionId, ...target }
        const second = { sessionId: next.sessionId, ...target }
        return Effect.flatMap(
          Effect.orDie(agentBay.syncSessions([first, second], { concurrency: 1 })),
          (many) => afterTheFirst(first, many)
        )
      })
  },

  "session.delete": running(({ session }) => session.delete(), goneLate),
  "session.delete (sync)": running(({ session }) => session.delete({ sync: true }), goneLate),
  "session.delete (sync, force)": running(
    ({ session }) => session.delete({ sync: true, force: true }),
    goneLate
  ),
  "session.status": running(({ session }) => session.status),
  "session.keepAlive": running(({ session }) => session.keepAlive),
  "session.labels.get": {
    prepare: ({ session }) => Effect.as(session.labels.set({ of: "test" }), session.labels.get)
  },
  "session.labels.set": running(({ session }) => session.labels.set({ of: "test" })),
  "session.pause": running(({ session }) => session.pause()),
  "session.resume": {
    prepare: ({ session }) => Effect.as(session.pause(), session.resume())
  },

  ...toolRuns
}
