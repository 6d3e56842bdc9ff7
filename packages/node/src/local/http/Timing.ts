/**
 * How long the server waits for clients that are slow or silent. Only tests change it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * All in milliseconds.
 *
 * @since 0.1.0
 */
export interface Service {
  /**
   * How long a connection may rest between two requests. Server and client often share a
   * process: when that is busy for longer than this, both ends find out at once, and the
   * client may send its next request into a connection that is being closed.
   */
  readonly keepAlive: number
  /** How long the headers of a request may take, from the connection or the last answer on. */
  readonly headers: number
  /** How often it is looked for connections whose headers took too long. */
  readonly lookAround: number
  /** How long a body of the API may take to arrive, and what is left of one that is not wanted. */
  readonly body: number
  /** How long a client may send nothing of a request, or take nothing of an answer. */
  readonly still: number
  /** How long requests in flight may take to end when the server closes. */
  readonly grace: number
}

/**
 * @since 0.1.0
 */
export class Timing extends Context.Reference<Timing>()("@effect-agentbay/node/local/http/Timing", {
  defaultValue: (): Service => ({
    keepAlive: 65_000,
    headers: 30_000,
    lookAround: 10_000,
    body: 30_000,
    still: 5 * 60_000,
    grace: 500
  })
}) {}
