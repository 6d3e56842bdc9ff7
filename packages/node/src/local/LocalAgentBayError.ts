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
 * - `DataDirectory`: the data directory cannot be created, read or written, its path is
 *   blank, or it holds files of something else.
 * - `State`: the state file in the data directory cannot be opened, or a newer version of
 *   this library wrote it.
 * - `Listen`: host or port is no possible one, or the address cannot be listened on.
 * - `ApiKey`: the key that was given is blank.
 * - `Tls`: the certificate or its key cannot be read, do not belong together, or cannot be
 *   made.
 * - `Origin`: one of the origins of pages that may call it is none.
 * - `Faults`: the rules of misbehaviour that were given are not valid.
 *
 * @since 0.1.0
 * @category errors
 */
export class LocalAgentBayError extends Schema.TaggedError<LocalAgentBayError>(
  "@effect-agentbay/node/LocalAgentBayError"
)("LocalAgentBayError", {
  reason: Schema.Literal(
    "DataDirectoryInUse",
    "DataDirectory",
    "State",
    "Listen",
    "ApiKey",
    "Tls",
    "Origin",
    "Faults"
  ),
  dataDirectory: Schema.String,
  detail: Schema.String,
  cause: Schema.optionalWith(Schema.Defect, { exact: true })
}) {
  override get message(): string {
    switch (this.reason) {
      case "DataDirectoryInUse":
        return (
          `Another Local AgentBay works on ${this.dataDirectory}, such as \`agentbay serve\`. ` +
          "Wait until it ends, choose another data directory, or use it: set AGENTBAY_ENDPOINT " +
          "and AGENTBAY_API_KEY as it printed them."
        )
      case "DataDirectory":
        return (
          `The data directory ${this.dataDirectory.trim() || '""'} cannot be used: ${this.detail}. ` +
          // Without a cause it was not the system that refused it.
          (this.cause === undefined
            ? "Choose an empty or a new directory."
            : "Check its permissions and the free space, or choose another one.")
        )
      case "State":
        return (
          `The state of Local AgentBay in ${this.dataDirectory} cannot be opened: ${this.detail}. ` +
          "Update this library, or choose another data directory."
        )
      case "Listen":
        return `Local AgentBay cannot listen: ${this.detail}. Choose another host or port.`
      case "ApiKey":
        return (
          `Local AgentBay cannot take the API key it was given: ${this.detail}. ` +
          "Give another one, or none for a random one."
        )
      case "Tls":
        return (
          `Local AgentBay cannot speak TLS: ${this.detail}. ` +
          "Check the certificate and its key, or give none, and it makes its own."
        )
      case "Origin":
        return `Local AgentBay cannot be opened to pages as it was told: ${this.detail}.`
      case "Faults":
        return `Local AgentBay cannot misbehave as it was told: ${this.detail}.`
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

/**
 * The error of a start that failed for a `reason`, made of what was thrown.
 *
 * @internal
 */
export const causedBy =
  (reason: LocalAgentBayError["reason"], dataDirectory: string) =>
  (cause: unknown): LocalAgentBayError =>
    new LocalAgentBayError({ reason, dataDirectory, detail: describe(cause), cause })
