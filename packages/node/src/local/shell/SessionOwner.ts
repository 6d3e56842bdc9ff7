/**
 * Whose the files of a session are, when the server runs as root and commands do not.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as Beneath from "../Beneath.js"
import { attempt, type ToolFailed } from "../tools/Tool.js"

/** How many entries are looked at before others have their turn. */
const stride = 500

/** One that has gone has none. */
const entriesOf = (directory: () => string): ReadonlyArray<NodeFs.Dirent> => {
  try {
    return NodeFs.readdirSync(directory(), { withFileTypes: true })
  } catch {
    return []
  }
}

/**
 * Gives everything in a session to a user, so that commands of that user may change what
 * tools and transfers have written. Without being root there is nothing to do: all of it is
 * the server's and the commands' alike.
 *
 * @since 0.1.0
 */
export const give = (root: string, userId: number): Effect.Effect<void, ToolFailed> => {
  if (process.getuid?.() !== 0) return Effect.void
  let looked = 0
  const walk = async ({ directory, entry, look }: Beneath.Beneath): Promise<void> => {
    const folders = [""]
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const { name } of entriesOf(() => directory(folder))) {
        const path = Beneath.join(folder, name)
        const stats = look(path)
        if (stats !== undefined && Number(stats.uid) !== userId) {
          NodeFs.lchownSync(entry(path), userId, userId)
        }
        if (++looked % stride === 0) await new Promise((resolve) => setImmediate(resolve))
        // What a running command makes of it meanwhile, it makes as its own. Deeper down nothing is
        // given: tools and transfers do not get there either.
        if (stats?.isDirectory() === true && path.length <= Beneath.maxLength) folders.push(path)
      }
    }
  }
  return Effect.scoped(
    Effect.flatMap(Beneath.scoped({ root, path: "" }), (beneath) =>
      attempt("/", () => walk(beneath))
    )
  )
}
