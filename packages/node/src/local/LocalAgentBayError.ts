/**
 * Why Local AgentBay could not start.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Local AgentBay did not start. `reason` says why:
 *
 * - `DataDirectoryInUse`: another server works on the data directory. Wait for it, use it,
 *   or choose another directory.
 * - `DataDirectory`: the data directory cannot be created, read or written.
 * - `State`: the state file in the data directory cannot be opened, or a newer version of
 *   this library wrote it.
 * - `Listen`: the address cannot be listened on.
 *
 * @since 0.1.0
 * @category errors
 */
export class LocalAgentBayError extends Schema.TaggedError<LocalAgentBayError>(
  "@effect-agentbay/node/LocalAgentBayError"
)("LocalAgentBayError", {
  reason: Schema.Literal("DataDirectoryInUse", "DataDirectory", "State", "Listen"),
  dataDirectory: Schema.String,
  detail: Schema.String,
  cause: Schema.optionalWith(Schema.Defect, { exact: true })
}) {
  override get message(): string {
    switch (this.reason) {
      case "DataDirectoryInUse":
        return (
          `Another Local AgentBay works on ${this.dataDirectory}. ` +
          "Wait until it ends, connect to it, or choose another data directory."
        )
      case "DataDirectory":
        return (
          `The data directory ${this.dataDirectory} cannot be used: ${this.detail}. ` +
          "Check its permissions and the free space, or choose another one."
        )
      case "State":
        return (
          `The state of Local AgentBay in ${this.dataDirectory} cannot be opened: ${this.detail}. ` +
          "Update this library, or choose another data directory."
        )
      case "Listen":
        return `Local AgentBay cannot listen: ${this.detail}. Choose another host or port.`
    }
  }
}

/**
 * The text of whatever was thrown by the system, for a `detail`.
 *
 * @internal
 */
export const describe = (cause: unknown): string =>
  cause instanceof Error ? cause.message : String(cause)
