/**
 * Whether a state file is the one of its data directory, and undamaged. What is not is refused
 * before anything is changed: a new state in its place would make all files unknown.
 *
 * @since 0.1.0
 */
import type * as Libsql from "@libsql/client"
import * as NodeFs from "node:fs/promises"
import type { Service } from "./DataDirectory.js"
import { LocalAgentBayError, logDamaged, stateDamaged } from "./LocalAgentBayError.js"
import * as StateLog from "./StateLog.js"
import * as StateText from "./StateText.js"

const exists = (path: string): Promise<boolean> =>
  NodeFs.access(path).then(
    () => true,
    () => false
  )

/** What tells that there was a state once; undefined where a first start may have been cut off. */
const traceOf = async ({ contexts, sessions, stateMark }: Service): Promise<string | undefined> => {
  const names = await Promise.all(
    [contexts, sessions].map((folder) => NodeFs.readdir(folder).catch(() => []))
  )
  if (names.flat().length > 0) return "there are files of contexts or sessions"
  // Contexts without files have no folders.
  return (await exists(stateMark)) ? "there was one" : undefined
}

/**
 * Notes that there is a state, so that it is missed when it is gone.
 *
 * @since 0.1.0
 */
export const noteMade = async ({ stateMark }: Service): Promise<void> => {
  if (!(await exists(stateMark))) await NodeFs.writeFile(stateMark, "")
}

/**
 * Takes that back, before the state is emptied on purpose.
 *
 * @since 0.1.0
 */
export const forgetMade = ({ stateMark }: Service): Promise<void> =>
  NodeFs.rm(stateMark, { force: true })

/**
 * Refuses what can be found without opening the state: that it is missing or empty although there
 * was one, and that its log is damaged.
 *
 * @since 0.1.0
 */
export const refuseLost = async (directory: Service): Promise<void> => {
  const size = await NodeFs.stat(directory.stateFile).then(
    (stats) => stats.size,
    () => undefined
  )
  if (size === undefined || size === 0) {
    const trace = await traceOf(directory)
    if (trace === undefined) return
    const how = size === undefined ? "missing" : "empty"
    throw stateDamaged(directory.root, `state.sqlite is ${how}, although ${trace}`)
  }
  const damage = await StateLog.findDamage(directory.stateFile)
  if (damage !== undefined) throw logDamaged(directory.root, damage)
}

const firstCell = async (client: Libsql.Client, statement: string): Promise<unknown> =>
  (await client.execute(statement)).rows[0]?.[0]

/**
 * How many steps the schema has taken, of those that are known; fails when that cannot be the state
 * of this directory.
 *
 * @since 0.1.0
 */
export const inspect = async (
  client: Libsql.Client,
  directory: Service,
  known: number
): Promise<number> => {
  const damaged = (how: unknown) =>
    stateDamaged(directory.root, `state.sqlite is damaged (${String(how)})`)
  const spoiled = await StateText.findSpoiled(client)
  if (spoiled !== undefined) throw damaged(spoiled)
  // Indexes too have to be what the tables say: they are read in their place.
  const found = await firstCell(client, "PRAGMA integrity_check(1)")
  if (found !== "ok") throw damaged(found)
  const taken = Number(await firstCell(client, "PRAGMA user_version"))
  if (taken > known) {
    throw new LocalAgentBayError({
      reason: "State",
      dataDirectory: directory.root,
      detail: `it was written by a newer version (${taken}, this one knows ${known})`,
      remedy: "Update this library, or choose another data directory."
    })
  }
  // The tables of SQLite itself outlast a reset.
  const isEmpty =
    (await firstCell(client, "SELECT 1 FROM sqlite_master WHERE name NOT LIKE 'sqlite%'")) ===
    undefined
  if (taken <= 0 && (!isEmpty || (await traceOf(directory)) !== undefined)) {
    throw stateDamaged(directory.root, "state.sqlite is not the state of this directory")
  }
  return taken
}
