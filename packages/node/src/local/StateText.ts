/**
 * Looks for texts in a state file that are no UTF-8. The driver does not fail on such a text: it
 * ends the whole process. So they are found, without being read as texts, before anything else is
 * asked.
 *
 * @since 0.1.0
 */
import type * as Libsql from "@libsql/client"
import { Buffer } from "node:buffer"

const strict = new TextDecoder("utf-8", { fatal: true })

/** The text of its bytes in hex; undefined when they are none. */
const textOf = (hex: unknown): string | undefined => {
  try {
    return strict.decode(Buffer.from(String(hex), "hex"))
  } catch {
    return undefined
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** What may be no text: all but plain ASCII. */
const isDoubtful = (value: string): string => `
  typeof(${value}) = 'text' AND (
    ${value} GLOB '*[^' || char(1) || '-' || char(127) || ']*'
    OR instr(CAST(${value} AS BLOB), x'00') > 0
  )`

/** A column of a table with a value that is no text. Few tables have rows that are to be looked at. */
const spoiledColumn = async (
  client: Libsql.Client,
  table: string,
  columns: ReadonlyArray<string>
): Promise<string | undefined> => {
  const values = columns.map(quoted)
  const { rows } = await client.execute(`
    SELECT ${values.map((value) => `CASE WHEN ${isDoubtful(value)} THEN hex(${value}) END`).join()}
    FROM ${quoted(table)} WHERE ${values.map(isDoubtful).join(" OR ")}`)
  return columns.find((_, index) =>
    rows.some((row) => row[index] !== null && textOf(row[index]) === undefined)
  )
}

/** The names of the tables; undefined when a word of the schema is no text. */
const tablesIn = async (client: Libsql.Client): Promise<ReadonlyArray<string> | undefined> => {
  const { rows } = await client.execute(
    "SELECT hex(name), hex(tbl_name), hex(sql), type = 'table' FROM sqlite_master"
  )
  const tables: Array<string> = []
  for (const row of rows) {
    const [name, ...others] = [row[0], row[1], row[2]].map(textOf)
    if (name === undefined || others.includes(undefined)) return undefined
    if (row[3] === 1) tables.push(name)
  }
  return tables
}

/**
 * Where there is a text that is none, in words; undefined when there is no such text.
 *
 * @since 0.1.0
 */
export const findSpoiled = async (client: Libsql.Client): Promise<string | undefined> => {
  const tables = await tablesIn(client)
  if (tables === undefined) return "a word of its schema is no text"
  for (const table of tables) {
    const { rows } = await client.execute({
      sql: "SELECT name FROM pragma_table_info(?)",
      args: [table]
    })
    const column = await spoiledColumn(
      client,
      table,
      rows.map((row) => String(row[0]))
    )
    if (column !== undefined) return `a ${column} in ${table} is no text`
  }
  return undefined
}
