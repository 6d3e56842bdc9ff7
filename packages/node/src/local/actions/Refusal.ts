/**
 * The ways in which the server says no. Each constructor is one answer of the protocol.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

/**
 * A request that is refused. A `hard` refusal travels as the gateway's error body under its
 * HTTP status, a `soft` one inside an ordinary envelope under HTTP 200.
 *
 * @since 0.1.0
 */
export class Refusal extends Data.TaggedError("Refusal")<{
  readonly channel: "hard" | "soft"
  readonly httpStatus: number
  readonly code: string
  readonly description: string
}> {}

const hard = (httpStatus: number, code: string, description: string): Refusal =>
  new Refusal({ channel: "hard", httpStatus, code, description })

const soft = (code: string, description: string): Refusal =>
  new Refusal({ channel: "soft", httpStatus: 400, code, description })

/**
 * No action of this name.
 *
 * @since 0.1.0
 */
export const unknownAction: Refusal = hard(
  404,
  "InvalidAction.NotFound",
  "Specified api is not found, please check your url and method."
)

/**
 * The API key is missing or wrong.
 *
 * @since 0.1.0
 */
export const notLoggedIn: Refusal = hard(
  400,
  "NOT_LOGIN",
  "You are not logged in or your login token has expired"
)

/**
 * The body is larger than the server reads.
 *
 * @since 0.1.0
 */
export const bodyTooLarge = (limit: number): Refusal =>
  hard(413, "InvalidRequest.BodyTooLarge", `The request body is larger than ${limit} bytes.`)

/**
 * The body did not arrive in time.
 *
 * @since 0.1.0
 */
export const bodyTooSlow = (limitMillis: number): Refusal =>
  hard(
    408,
    "InvalidRequest.Timeout",
    `The request body did not arrive within ${limitMillis / 1000} seconds.`
  )

/**
 * Other bodies take all the memory there is for them. Clients know this code as a passing fault.
 *
 * @since 0.1.0
 */
export const noRoom: Refusal = hard(
  503,
  "ServiceUnavailable",
  "The server is reading as many request bodies as it can hold. Try again later."
)

/**
 * A parameter is missing, malformed or makes no sense. `issue` continues the sentence that
 * begins with the parameter's name.
 *
 * @since 0.1.0
 */
export const invalidParameter = (parameter: string, issue: string): Refusal =>
  hard(400, "InvalidParameter", `The parameter ${parameter} ${issue}.`)

/**
 * The session is unknown or was released.
 *
 * @since 0.1.0
 */
export const sessionNotFound: Refusal = hard(
  400,
  "InvalidMcpSession.NotFound",
  "Resource [McpSession] is not found."
)

/**
 * The session that is to be deleted was released before. Some clients look for this very
 * text and take it for success.
 *
 * @since 0.1.0
 */
export const alreadyReleased: Refusal = hard(
  400,
  "InvalidMcpSession.NotFound",
  "no alive session found, no need to release"
)

/**
 * The context is unknown.
 *
 * @since 0.1.0
 */
export const contextNotFound: Refusal = hard(400, "Context.NotFound", "Context not found")

/**
 * The context that is to be changed, or whose files are asked for, is unknown.
 *
 * @since 0.1.0
 */
export const contextAbsent: Refusal = soft("Context.NotFound", "Context not found")

/**
 * The new name of a context is that of another one.
 *
 * @since 0.1.0
 */
export const contextNameTaken: Refusal = soft(
  "Context.AlreadyExists",
  "Another context has this name."
)

/**
 * The context that is to be deleted is mounted in a session that was not released yet.
 *
 * @since 0.1.0
 */
export const contextMounted: Refusal = soft(
  "Context.InUse",
  "A session that is not released yet has this context mounted. Delete the session first."
)

/**
 * A file that is to be read is not stored.
 *
 * @since 0.1.0
 */
export const fileNotExist: Refusal = hard(400, "FileNotExist", "file not exist")

/**
 * A file that is to be deleted is not stored, or is a folder.
 *
 * @since 0.1.0
 */
export const fileNotDeleted: Refusal = soft("InvalidParameter", "Failed to delete file")

/**
 * A session was to be created with a context that is unknown.
 *
 * @since 0.1.0
 */
export const bindingContextNotFound: Refusal = soft(
  "InvalidContext.NotFound",
  "Resource [Context] is not found."
)

/**
 * The server itself is at fault; the log says more.
 *
 * @since 0.1.0
 */
export const internalError: Refusal = hard(
  500,
  "InternalError",
  "The request processing has failed due to some unknown error."
)

/**
 * The session is paused, or on its way into or out of that state. The code is a guess: no
 * source tells the service's own.
 *
 * @since 0.1.0
 */
export const sessionNotRunning = (status: string): Refusal =>
  hard(
    400,
    "InvalidMcpSession.Status",
    `The session is ${status}, which is not the state for this. One that is PAUSED can be resumed.`
  )

/**
 * A context was to be bound at a path where one is bound already.
 *
 * @since 0.1.0
 */
export const pathAlreadyBound = (path: string): Refusal =>
  new Refusal({
    channel: "soft",
    httpStatus: 400,
    code: "PathAlreadyBound",
    description: `Path ${path} is already bound`
  })
