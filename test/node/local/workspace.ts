import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import * as Wire from "./wire.js"

export const mount = "/home/wuying/work"

/** A context with a session on it, and where both have their files on this machine. */
export const prepare = (policy?: unknown, name = "project") =>
  Effect.gen(function* () {
    const server = yield* LocalAgentBay.LocalAgentBay
    const contextId = yield* Wire.createContext(name)
    const id = yield* Wire.createSession({ contextId, path: mount, policy })
    return {
      contextId,
      id,
      session: server.sessionDirectory(id) + mount,
      store: server.contextDirectory(contextId) + mount
    }
  })

export const write = (folder: string, files: { readonly [path: string]: string }) => {
  for (const [path, content] of Object.entries(files)) {
    NodeFs.mkdirSync(NodePath.dirname(`${folder}/${path}`), { recursive: true })
    NodeFs.writeFileSync(`${folder}/${path}`, content)
  }
}

/** All files below a folder with their contents. */
export const tree = (folder: string): { readonly [path: string]: string } =>
  !NodeFs.existsSync(folder)
    ? {}
    : Object.fromEntries(
        NodeFs.readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => {
            const path = NodePath.join(entry.parentPath, entry.name)
            return [NodePath.relative(folder, path), NodeFs.readFileSync(path, "utf8")] as const
          })
          .toSorted(([one], [other]) => (one < other ? -1 : 1))
      )

/** The tasks in short. */
export const kinds = (items: ReadonlyArray<Wire.Item>) =>
  items.map((item) => `${item.taskType} ${item.path} ${item.status}`)
