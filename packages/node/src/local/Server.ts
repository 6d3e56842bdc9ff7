/** The server as it runs: its rooms, its routes and what listens. */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Faults from "../Faults.js"
import type { FaultControl, Options, Service } from "../LocalAgentBay.js"
import * as Admin from "./admin/Admin.js"
import type { LocalAdminError } from "./admin/AdminError.js"
import * as AdminRoute from "./admin/AdminRoute.js"
import * as CallLog from "./admin/CallLog.js"
import * as Snapshot from "./admin/Snapshot.js"
import * as World from "./admin/World.js"
import * as Advertisement from "./Advertisement.js"
import type * as ContextStore from "./contexts/ContextStore.js"
import * as DataDirectory from "./DataDirectory.js"
import * as FaultPlan from "./faults/FaultPlan.js"
import * as ApiKey from "./http/ApiKey.js"
import { BodyBudget } from "./http/BodyBudget.js"
import * as HttpFront from "./http/HttpFront.js"
import * as Listener from "./http/Listener.js"
import * as Timing from "./http/Timing.js"
import * as Tls from "./http/Tls.js"
import * as Visitors from "./http/Visitors.js"
import { LocalAgentBayError } from "./LocalAgentBayError.js"
import * as Rooms from "./Rooms.js"
import type * as ServerClock from "./ServerClock.js"
import type * as Shell from "./shell/Shell.js"
import type * as DirectLink from "./tools/DirectLink.js"

/** The rules of misbehaviour that a server begins with. */
export const initialFaults = Effect.fnUntraced(function* (
  input: Faults.Input | undefined
): Effect.fn.Return<Faults.Faults, LocalAgentBayError, DataDirectory.DataDirectory> {
  if (input === undefined) return []
  const { root } = yield* DataDirectory.DataDirectory
  return yield* Effect.mapError(
    Faults.decode(input),
    ({ detail }) => new LocalAgentBayError({ reason: "Faults", dataDirectory: root, detail })
  )
})

const controlOf = (plan: FaultPlan.Service): FaultControl => ({
  rules: Effect.sync(plan.rules),
  set: (rules) => Effect.map(Faults.decode(rules), plan.set),
  clear: Effect.sync(() => plan.set([]))
})

/** Opens the data directory and answers, until the scope ends. */
export const serve = (
  options: Options
): Effect.Effect<
  Service,
  LocalAgentBayError | ContextStore.StateFailure | LocalAdminError,
  | BodyBudget
  | DataDirectory.DataDirectory
  | DirectLink.DirectLink
  | FaultPlan.FaultPlan
  | FileSystem.FileSystem
  | ServerClock.ServerClock
  | Shell.Shell
  | Scope.Scope
> =>
  Effect.gen(function* () {
    const directory = yield* DataDirectory.DataDirectory
    const plan = yield* FaultPlan.FaultPlan
    const host = options.host ?? "127.0.0.1"
    const apiKey = yield* options.apiKey === undefined
      ? ApiKey.ofDataDirectory
      : ApiKey.given(options.apiKey)
    const adminToken = yield* ApiKey.adminToken
    const allowedHosts = options.allowedHosts ?? []
    const visitors = yield* Visitors.make({
      host,
      allowedHosts,
      allowedOrigins: options.allowedOrigins ?? []
    })
    const identity = yield* Tls.identity(options.tls ?? false, Tls.reachedAs(host, allowedHosts))
    yield* Snapshot.recover(directory)
    const world = yield* World.make(Rooms.layer)
    const calls = CallLog.make()
    const admin = yield* Admin.make(world, calls)
    const answer = yield* HttpFront.make({
      apiKey,
      rooms: world,
      routes: [
        AdminRoute.make({
          admin,
          faults: plan,
          token: adminToken,
          times: yield* Timing.Timing,
          budget: yield* BodyBudget
        })
      ],
      calls,
      visitors
    })
    const url = yield* Listener.listen({ host, port: options.port ?? 0, identity }, (url) =>
      answer({ url })
    )
    if (options.advertise === true) {
      yield* Advertisement.publish(directory, {
        url,
        apiKey,
        adminToken,
        ...(identity === undefined ? {} : { certFile: identity.certFile })
      })
    }
    return {
      url,
      endpoint: new URL(url).host,
      apiKey,
      dataDirectory: directory.root,
      sessionDirectory: directory.sessionRoot,
      contextDirectory: directory.contextFiles,
      certFile: identity?.certFile,
      faults: controlOf(plan),
      admin,
      adminToken
    }
  })
