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
 * A session was to be created with a context that is unknown.
 *
 * @since 0.1.0
 */
export const bindingContextNotFound: Refusal = new Refusal({
  channel: "soft",
  httpStatus: 400,
  code: "InvalidContext.NotFound",
  description: "Resource [Context] is not found."
})

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
