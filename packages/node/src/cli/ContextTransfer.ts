/**
 * What `agentbay context put` and `get` have in common.
 *
 * @since 0.1.0
 */
import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import type * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Quantity from "./Quantity.js"

/**
 * The argument for a path inside a context.
 *
 * @since 0.1.0
 */
export const stored = (description: string): Args.Args<string> =>
  Args.text({ name: "path" }).pipe(Args.withDescription(description))

/**
 * The option for whole folders.
 *
 * @since 0.1.0
 */
export const recursive = Options.boolean("recursive").pipe(
  Options.withAlias("r"),
  Options.withDescription("A folder, with everything in it")
)

/**
 * What several files come to, for the bar and for the last line.
 *
 * @since 0.1.0
 */
export interface Sum {
  files: number
  bytes: number
}

/**
 * A path inside a folder that may be written with its slash.
 *
 * @since 0.1.0
 */
export const below = (folder: string, path: string) => `${folder.replace(/\/+$/, "")}/${path}`

/**
 * Counts what passes by, so that the bar moves within a file.
 *
 * @since 0.1.0
 */
export const counted = <E>(
  content: Stream.Stream<Uint8Array, E>,
  onBytes: (bytes: number) => Effect.Effect<void>
) => Stream.tap(content, (bytes) => onBytes(bytes.length))

/**
 * The last line.
 *
 * @since 0.1.0
 */
export const summary = (sum: Sum, verb: string) =>
  `${verb} ${Quantity.things(sum.files, "file")}, ${Quantity.bytes(sum.bytes)}`
