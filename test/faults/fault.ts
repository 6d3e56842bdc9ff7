/**
 * What can go wrong with one request, and what that means by the documents alone: sections 2 and 6
 * of docs/protocol.md, section 9 of docs/design.md. Plain data, so that the page can be written
 * from it without the library.
 */

/** What comes back for one request. */
export type Answer =
  /** A whole answer. */
  | {
      readonly _tag: "Answer"
      readonly status: number
      readonly body: string
      readonly headers?: { readonly [name: string]: string }
      /** `Retry-After` as a date so many milliseconds ahead. */
      readonly dateIn?: number
    }
  /** None: the connection fails with this word of the system. */
  | { readonly _tag: "Lost"; readonly code: string }
  /** None, ever. */
  | { readonly _tag: "Silence" }

export type Reason =
  | "Transport"
  | "Timeout"
  | "Status"
  | "Decode"
  | "Encode"
  | "SessionNotFound"
  | "ContextNotFound"
  | "NotLoggedIn"
  | "Throttled"
  | "FileNotFound"
  | "PathAlreadyBound"
  | "ActionNotFound"
  | "InvalidParameter"
  | "UnexpectedState"
  | "ServerFault"
  | "Other"
  | "ToolError"
  | "SyncTimeout"

/** The error that one such answer is, or that a wait ends with which is shown nothing. */
export interface Failure {
  readonly _tag: "TransportError" | "ApiError" | "ToolError" | "SyncTimeout"
  readonly reason: Reason
  /** The HTTP status, where one came. */
  readonly status?: number
  /** The system's or the service's own word. */
  readonly code?: string
}

/** The form of the `Data` that an action promises (docs/protocol.md, sections 4 and 5). */
export type Shape =
  /** No `Data` is promised, and none is looked at. */
  | "plain"
  /** A list, an object of tasks or a map of labels; absent, `null` and empty are the same. */
  | "list"
  | "status"
  | "labels"
  /** What is promised has to be there. */
  | "object"
  | "toolList"
  | "toolResult"
  /** What a direct link answers: JSON without an envelope. */
  | "link"
  /** The bytes of a file, to or from a presigned URL: its answer has no JSON. */
  | "upload"
  | "download"

/** What an answer means: an error, a yes, or a yes that lists nothing. */
export type Meaning = Failure | "yes" | "nothing"

export interface Fault {
  readonly name: string
  readonly group: Group
  readonly answer: Answer
  readonly means: (shape: Shape) => Meaning
  /** How many milliseconds the service asks to be left alone; more than 30 seconds are 30. */
  readonly advice?: number
  /** The forms of answer that it is about. Default: all of the API, and files where it fits. */
  readonly only?: ReadonlyArray<Shape>
}

export const groups = {
  connection: "The connection",
  http: "HTTP errors",
  advice: "Advice when to come back",
  soft: "Refusals inside HTTP 200",
  envelope: "Answers that are none",
  data: "Data of another form",
  tool: "Tools"
} as const

export type Group = keyof typeof groups

export const api: ReadonlyArray<Shape> = [
  "plain",
  "list",
  "status",
  "labels",
  "object",
  "toolList",
  "toolResult"
]

/** The forms of answer that are JSON. */
export const jsonForms: ReadonlyArray<Shape> = [...api, "link"]

export const page = "<html><body>Bad gateway</body></html>"

export const json = (status: number, body: unknown): Answer => ({
  _tag: "Answer",
  status,
  body: JSON.stringify(body)
})

export const envelope = (parts: { readonly [key: string]: unknown }): Answer =>
  json(200, { RequestId: "FAULT-REQUEST", Success: true, Code: "ok", Message: "", ...parts })

export const transport = (
  reason: "Transport" | "Timeout" | "Status" | "Decode",
  more: Pick<Failure, "status" | "code"> = {}
): Failure => ({ _tag: "TransportError", reason, ...more })

export const refused = (reason: Reason, status: number, code: string): Failure => ({
  _tag: "ApiError",
  reason,
  status,
  code
})

export const isAbout = (fault: Fault, shape: Shape): boolean =>
  fault.only === undefined || fault.only.includes(shape)
