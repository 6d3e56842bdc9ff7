import * as Duration from "effect/Duration"
import type {
  ApiError,
  InvalidArgument,
  SyncFailed,
  SyncTimeout,
  ToolError,
  TransportError
} from "../AgentBayError.js"
import { type ContextStatusData, hasEnded } from "../ContextStatus.js"

const listedAtMost = 5

const request = (requestId: string | undefined) =>
  requestId === undefined || requestId === "" ? "" : `, request ${requestId}`

const sentence = (text: string) => (/[.!?]$/.test(text) ? text : `${text}.`)

const seconds = (duration: Duration.Duration) =>
  Duration.toMillis(duration) < 1000
    ? `${Duration.toMillis(duration)} ms`
    : `${Math.round(Duration.toSeconds(duration) * 10) / 10} s`

const task = (item: ContextStatusData) =>
  `${item.taskType} of ${item.contextId} at ${item.path} is ${item.status || "without status"}` +
  (item.errorMessage === "" ? "" : ` (${item.errorMessage})`)

const list = (items: ReadonlyArray<string>) =>
  items.slice(0, listedAtMost).join("; ") +
  (items.length > listedAtMost ? `; and ${items.length - listedAtMost} more` : "")

const apiHints: Record<ApiError["reason"], string> = {
  SessionNotFound: "The session is unknown or was released: check the id or create a new one.",
  ContextNotFound: "The context is unknown: check its id or name, or create it.",
  NotLoggedIn: "Check the API key and that it belongs to this endpoint.",
  Throttled: "The service is throttling: try again later or more slowly.",
  FileNotFound: "Nothing is stored at this path: check it, or upload first.",
  PathAlreadyBound: "Choose another path, or use the binding that is there.",
  ActionNotFound: "This endpoint does not know the action: check the endpoint.",
  InvalidParameter: "The service refused an argument: see its message.",
  UnexpectedState: "Ask for the status, then decide.",
  ServerFault: "The service had a fault: try again later.",
  Other: ""
}

export const api = (error: ApiError): string => {
  const code = error.code === "" ? "" : `${error.code}: `
  const hint = apiHints[error.reason]
  return (
    `${error.operation} was refused: ${code}${sentence(error.description || "no message given")}` +
    ` (HTTP ${error.httpStatus}${request(error.requestId)})${hint === "" ? "" : ` ${hint}`}`
  )
}

const transportHints: Record<TransportError["reason"], string> = {
  Transport: "Check that the endpoint is right and the server is running.",
  Timeout: "The server may be slow or unreachable: try again or allow more time.",
  Status:
    "The answer did not come from the service itself: check the endpoint and what is in between.",
  Decode: "The server speaks another version of the protocol, or the answer was damaged.",
  Encode: "The arguments cannot be sent."
}

// These go to and from the store of the files, not to the service.
const fileHints: { readonly [operation: string]: string } = {
  PutContextFile: "The file was not stored as a whole: put it again.",
  GetContextFile: "What was read is not the whole file: get it again."
}

// A direct link is as old as the answer that told it.
const linkHint = "The session may have ended, or its link may be another by now: get it again."

const transportHint = ({ operation, reason }: TransportError): string =>
  operation === "callTool" && reason === "Status"
    ? linkHint
    : (fileHints[operation] ?? transportHints[reason])

const transportVerbs: Record<TransportError["reason"], string> = {
  Transport: "got no usable answer",
  Timeout: "timed out",
  Status: "got an HTTP error",
  Decode: "got an unreadable answer",
  Encode: "could not be sent"
}

export const transport = (error: TransportError): string =>
  `${error.operation} ${transportVerbs[error.reason]}: ${sentence(error.description)}` +
  (error.status === undefined && error.requestId === undefined
    ? ""
    : ` (${error.status === undefined ? "no HTTP status" : `HTTP ${error.status}`}${request(error.requestId)})`) +
  ` ${transportHint(error)}`

export const syncFailed = (error: SyncFailed): string =>
  `${error.operation} failed in session ${error.sessionId}: ${list(error.tasks.map(task))}` +
  ` (request ${error.requestId}).`

const stateWanted: { readonly [operation: string]: string } = {
  delete: "gone",
  pause: "paused",
  resume: "running"
}

const stateTimeout = (error: SyncTimeout, wanted: string): string =>
  `Session ${error.sessionId} was not ${wanted} after ${error.polls} status requests in` +
  ` ${seconds(error.elapsed)}` +
  (error.state === undefined ? "" : `; its last state was ${error.state || "not told"}`) +
  (error.lastError === undefined ? "" : `; last fault: ${error.lastError.message}`) +
  ` (request ${error.requestId}). The ${error.operation} was accepted and may` +
  " still be going on: ask for its status, or wait longer."

const clearEnd = (error: SyncTimeout): string =>
  `Context ${error.contextId} was not seen cleared after ${error.polls} status requests in` +
  ` ${seconds(error.elapsed)}` +
  (error.lastError === undefined ? "" : `; last fault: ${error.lastError.message}`) +
  ` (request ${error.requestId}). The clear was accepted and may still be going on: ask for` +
  " its status, or wait longer."

export const syncTimeout = (error: SyncTimeout): string => {
  if (error.operation === "clear") return clearEnd(error)
  const wanted = stateWanted[error.operation]
  if (wanted !== undefined) return stateTimeout(error, wanted)
  const unseen = error.operation === "bind" ? "nothing seen yet of" : "no task listed for"
  // What is still open comes first, since a long list is cut.
  const open = [
    ...error.tasks.filter((item) => !hasEnded(item)).map(task),
    ...error.missing.map((one) => `${unseen} ${one.contextId} at ${one.path}`),
    ...error.tasks.filter(hasEnded).map(task)
  ]
  return (
    `${error.operation} was not done after ${error.polls} status requests in` +
    ` ${seconds(error.elapsed)} in session ${error.sessionId}` +
    (open.length === 0 ? ": no task listed" : `: ${list(open)}`) +
    (error.lastError === undefined ? "" : `; last fault: ${error.lastError.message}`) +
    (error.requestId === ""
      ? ". The trigger got no answer in time, so it may or may not have been accepted: ask info."
      : ` (request ${error.requestId}). It may still be going on: ask info, or wait longer.`)
  )
}

const whatWasDone = ({ brokenOff, requestId }: InvalidArgument): string => {
  if (brokenOff === true) return "The transfer was broken off: nothing was stored."
  return requestId === undefined ? "Nothing was sent." : `Found by request ${requestId}.`
}

export const invalidArgument = (error: InvalidArgument): string =>
  `Invalid argument ${error.argument}: ${error.issue}. ${whatWasDone(error)}`

export const tool = (error: ToolError): string =>
  `The tool ${error.tool} in session ${error.sessionId} failed: ${sentence(error.description)}` +
  (error.requestId === "" ? "" : ` (request ${error.requestId})`)
