/**
 * The content of the state file as a whole: emptied, saved to another file, loaded from one.
 *
 * The file itself stays in its place. A connection that was closed may live on until its
 * statements are collected as garbage; when it ends at last, SQLite removes the write-ahead log
 * by its name, and that would be the one of whatever file has come into this place.
 *
 * @since 0.1.0
 */
import * as Libsql from "@libsql/client"
import { pathToFileURL } from "node:url"
import * as StateLog from "../StateLog.js"

const withClient = async <A>(
  stateFile: string,
  use: (client: Libsql.Client) => Promise<A>
): Promise<A> => {
  const client = Libsql.createClient({ url: pathToFileURL(stateFile).href })
  try {
    const result = await use(client)
    await StateLog.noteOpened(stateFile)
    return result
  } finally {
    client.close()
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** Tables and indices that are not SQLite's own, with what made them; tables first. */
const described = async (client: Libsql.Client, schema: string) =>
  (
    await client.execute(
      `SELECT type, name, sql FROM ${schema}.sqlite_master
       WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
       ORDER BY type = 'table' DESC, rowid`
    )
  ).rows.map((row) => ({
    isTable: row["type"] === "table",
    name: quoted(String(row["name"])),
    sql: String(row["sql"])
  }))

const hasSequences = async (client: Libsql.Client, schema: string): Promise<boolean> =>
  (await client.execute(`SELECT 1 FROM ${schema}.sqlite_master WHERE name = 'sqlite_sequence'`))
    .rows.length > 0

/** What brings a state file back to where it has no content; its indices go with the tables. */
const emptying = async (client: Libsql.Client): Promise<ReadonlyArray<string>> => [
  ...(await described(client, "main"))
    .filter(({ isTable }) => isTable)
    .map(({ name }) => `DROP TABLE main.${name}`),
  ...((await hasSequences(client, "main")) ? ["DELETE FROM main.sqlite_sequence"] : []),
  "PRAGMA main.user_version = 0"
]

/**
 * Empties it. Who opens it next begins anew.
 *
 * @since 0.1.0
 */
export const clear = (stateFile: string): Promise<void> =>
  withClient(stateFile, async (client) => {
    await client.batch([...(await emptying(client))], "write")
  })

/**
 * Saves its content to a new file.
 *
 * @since 0.1.0
 */
export const save = (stateFile: string, to: string): Promise<void> =>
  withClient(stateFile, async (client) => {
    await client.execute({ sql: "VACUUM INTO ?", args: [to] })
  })

/**
 * Replaces its content by that of a file that was saved: all of it, or nothing.
 *
 * @since 0.1.0
 */
export const load = (stateFile: string, from: string): Promise<void> =>
  withClient(stateFile, async (client) => {
    await client.execute({ sql: "ATTACH ? AS saved", args: [from] })
    const version = Number((await client.execute("PRAGMA saved.user_version")).rows[0]?.[0] ?? 0)
    const parts = await described(client, "saved")
    const sequences = await hasSequences(client, "saved")
    await client.batch(
      [
        ...(await emptying(client)),
        ...parts.map(({ sql }) => sql),
        ...parts
          .filter(({ isTable }) => isTable)
          .map(({ name }) => `INSERT INTO main.${name} SELECT * FROM saved.${name}`),
        // Numbers that were given out are not given out again.
        ...(sequences
          ? [
              "DELETE FROM main.sqlite_sequence",
              "INSERT INTO main.sqlite_sequence SELECT * FROM saved.sqlite_sequence"
            ]
          : []),
        `PRAGMA main.user_version = ${version}`
      ],
      "write"
    )
  })
