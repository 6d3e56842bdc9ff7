/**
 * Why an administrative call did not do what it was asked to do.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * An administrative call that was not carried out. `reason` says why:
 *
 * - `InvalidArgument`: what was given makes no sense, such as a name that no folder can have.
 * - `SnapshotNotFound`, `SnapshotExists`: no snapshot has this name, or one has it already.
 * - `Seed`: the folder cannot be read, or not all of it could be copied.
 * - `Restore`: the snapshot cannot be opened. Everything is as it was before.
 * - `Server`: the data directory or the state file cannot be read or written.
 *
 * @since 0.1.0
 * @category errors
 */
export class LocalAdminError extends Schema.TaggedError<LocalAdminError>(
  "@effect-agentbay/node/LocalAdminError"
)("LocalAdminError", {
  reason: Schema.Literal(
    "InvalidArgument",
    "SnapshotNotFound",
    "SnapshotExists",
    "Seed",
    "Restore",
    "Server"
  ),
  detail: Schema.String,
  cause: Schema.optionalWith(Schema.Defect, { exact: true })
}) {
  override get message(): string {
    return `Local AgentBay did not do it: ${this.detail}`
  }
}

/**
 * @internal
 */
export const invalid = (detail: string): LocalAdminError =>
  new LocalAdminError({ reason: "InvalidArgument", detail })
