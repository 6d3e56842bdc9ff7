/**
 * The table of all actions that this server knows.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as BindHandlers from "./BindHandlers.js"
import type { ContextCleaning } from "../contexts/ContextCleaning.js"
import * as ContextFileHandlers from "./ContextFileHandlers.js"
import * as ContextHandlers from "./ContextHandlers.js"
import type { ContextStore } from "../contexts/ContextStore.js"
import * as ContextStoreHandlers from "./ContextStoreHandlers.js"
import type { DataDirectory } from "../DataDirectory.js"
import type { FaultPlan } from "../faults/FaultPlan.js"
import type { FileUrl } from "../contexts/FileUrl.js"
import type { InternalContexts } from "../contexts/InternalContexts.js"
import type { DirectLink } from "../tools/DirectLink.js"
import type { Entry } from "./Operation.js"
import * as SessionHandlers from "./SessionHandlers.js"
import type { SessionRegistry } from "../sessions/SessionRegistry.js"
import * as SessionStateHandlers from "./SessionStateHandlers.js"
import type { Sessions } from "../sessions/Sessions.js"
import type { StoredFiles } from "../contexts/StoredFiles.js"
import type { SyncEngine } from "../sync/SyncEngine.js"
import type { Toolbox } from "../tools/Toolbox.js"
import * as ToolHandlers from "./ToolHandlers.js"

/**
 * The entries by the names of their actions.
 *
 * @since 0.1.0
 */
export class Operations extends Context.Tag("@effect-agentbay/node/local/actions/Operations")<
  Operations,
  ReadonlyMap<string, Entry>
>() {}

type Needs =
  | ContextCleaning
  | ContextStore
  | DataDirectory
  | DirectLink
  | FaultPlan
  | FileUrl
  | InternalContexts
  | SessionRegistry
  | Sessions
  | StoredFiles
  | SyncEngine
  | Toolbox

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<ReadonlyMap<string, Entry>, never, Needs> = Effect.map(
  Effect.all([
    BindHandlers.make,
    ContextHandlers.make,
    ContextStoreHandlers.make,
    ContextFileHandlers.make,
    SessionHandlers.make,
    SessionStateHandlers.make,
    ToolHandlers.make
  ]),
  (groups) => new Map(groups.flat().map((entry) => [entry.action, entry]))
)

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<Operations, never, Needs> = Layer.effect(Operations, make)
