/**
 * What the server answers besides the actions of the API, by the beginning of the path.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as NodeHttp from "node:http"
import type { BodyBudget } from "./BodyBudget.js"
import type { ContextStore } from "../contexts/ContextStore.js"
import type { DataDirectory } from "../DataDirectory.js"
import type { DirectLink } from "../tools/DirectLink.js"
import * as FileRoute from "../contexts/FileRoute.js"
import type { FileUrl } from "../contexts/FileUrl.js"
import * as LinkRoute from "../tools/LinkRoute.js"
import type { Origin } from "../actions/Operation.js"
import type { StoredFiles } from "../contexts/StoredFiles.js"
import type { Toolbox } from "../tools/Toolbox.js"

/**
 * One such part of the server. It has the request to itself, body included, and is done with
 * the response when the effect ends. It must not fail; what it does not catch is a bug, and
 * answered with HTTP 500.
 *
 * @since 0.1.0
 */
export interface Route {
  /** The beginning of the paths it answers, with a slash at both ends. */
  readonly prefix: string
  readonly answer: (
    request: NodeHttp.IncomingMessage,
    response: NodeHttp.ServerResponse,
    origin: Origin
  ) => Effect.Effect<void>
}

/**
 * All of them.
 *
 * @since 0.1.0
 */
export class Routes extends Context.Tag("@effect-agentbay/node/local/http/Routes")<
  Routes,
  ReadonlyArray<Route>
>() {}

type Needs =
  | BodyBudget
  | ContextStore
  | DataDirectory
  | DirectLink
  | FileUrl
  | StoredFiles
  | Toolbox

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<Routes, never, Needs> = Layer.effect(
  Routes,
  Effect.map(Effect.all([FileRoute.make(), LinkRoute.make]), (groups) => groups.flat())
)
