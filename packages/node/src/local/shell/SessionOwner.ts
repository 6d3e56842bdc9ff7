/**
 * Whose the files of a session are, when the server runs as root and commands do not.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as Inside from "../tools/Inside.js"
import { attempt, type ToolFailed } from "../tools/Tool.js"

/** How many entries are looked at before others have their turn. */
const stride = 500

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
  const walk = async (host: string): Promise<void> => {
    for (const entry of NodeFs.readdirSync(host, { withFileTypes: true })) {
      const path = `${host}/${entry.name}`
      const stats = NodeFs.lstatSync(path, { throwIfNoEntry: false })
      if (stats !== undefined && stats.uid !== userId) NodeFs.lchownSync(path, userId, userId)
      if (++looked % stride === 0) await new Promise((resolve) => setImmediate(resolve))
      // What a running command makes of it meanwhile, it makes as its own.
      if (entry.isDirectory()) await Inside.below(host, entry.name, walk)
    }
  }
  return attempt("/", () => walk(root))
}
