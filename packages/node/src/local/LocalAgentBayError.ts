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
 * - `State`: the state file in the data directory or its log is damaged, missing although
 *   there was one, cannot be opened, or a newer version of this library wrote it.
 * - `Listen`: host or port is no possible one, or the address cannot be listened on.
 * - `ApiKey`: the key that was given is blank, or a secret that is kept in the data directory
 *   cannot be one.
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
  /** What to do about it, where that is something else than usual for the reason. */
  remedy: Schema.optionalWith(Schema.String, { exact: true }),
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
          (this.remedy ??
            (this.cause === undefined
              ? "Choose an empty or a new directory."
              : "Check its permissions and the free space, or choose another one."))
        )
      case "State":
        return (
          `The state of Local AgentBay in ${this.dataDirectory} cannot be opened: ${this.detail}. ` +
          (this.remedy ?? "Check its permissions and the free space, or choose another directory.")
        )
      case "Listen":
        return `Local AgentBay cannot listen: ${this.detail}. Choose another host or port.`
      case "ApiKey":
        return (
          `Local AgentBay cannot take its key: ${this.detail}. ` +
          (this.remedy ?? "Give another one, or none for a random one.")
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

/** What SQLite says of a file that it cannot make sense of. */
const damages = ["SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_IOERR_SHORT_READ"]

/**
 * Whether the database found a file damaged.
 *
 * @internal
 */
export const isDamage = (cause: unknown): boolean => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : ""
  return damages.some((damage) => code.startsWith(damage))
}

/** What SQLite says when a file cannot be reached, read or written as it is. */
const obstacles = [
  "SQLITE_FULL",
  "SQLITE_READONLY",
  "SQLITE_CANTOPEN",
  "SQLITE_PERM",
  "SQLITE_BUSY",
  "SQLITE_IOERR"
]

/**
 * The state file is not the one that belongs to the files beside it, or not readable as one.
 *
 * @internal
 */
export const stateDamaged = (
  dataDirectory: string,
  detail: string,
  cause?: unknown
): LocalAgentBayError =>
  new LocalAgentBayError({
    reason: "State",
    dataDirectory,
    detail,
    remedy:
      "Put back a copy of state.sqlite (a snapshot has one) and remove state.sqlite-wal and " +
      "state.sqlite-shm beside it; or move the directory out of the way to start anew. Nothing was " +
      "changed: the files are in its folders contexts and sessions.",
    ...(cause === undefined ? {} : { cause })
  })

/**
 * The write-ahead log of the state is not what it was when it was written last.
 *
 * @internal
 */
export const logDamaged = (dataDirectory: string, damage: string): LocalAgentBayError =>
  new LocalAgentBayError({
    reason: "State",
    dataDirectory,
    detail: `its log state.sqlite-wal is damaged or missing (${damage})`,
    remedy:
      "The newest part of the state stands there alone. Put back copies of state.sqlite and " +
      "state.sqlite-wal and remove state.sqlite-shm; or remove state.sqlite-wal and state.sqlite-shm to " +
      "go on with an older state, or move the directory out of the way to start anew. Nothing was " +
      "changed."
  })

/**
 * The error of a start that could not read the state, made of what was thrown.
 *
 * @internal
 */
export const ofState =
  (dataDirectory: string) =>
  (thrown: unknown): LocalAgentBayError => {
    if (thrown instanceof LocalAgentBayError) return thrown
    // The SQL client puts its own error around that of the database.
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : ""
    return !isDamage(cause) && obstacles.some((obstacle) => code.startsWith(obstacle))
      ? causedBy("State", dataDirectory)(cause)
      : stateDamaged(dataDirectory, describe(cause), cause)
  }
