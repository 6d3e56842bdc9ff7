import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { type CallError, retryAfter } from "../AgentBayError.js"

/** How long the service has asked to be left alone by how a call ended, in milliseconds. */
export const adviceIn = (exit: Exit.Exit<unknown, CallError>): number =>
  Exit.isFailure(exit)
    ? Option.match(Cause.failureOption(exit.cause), {
        onNone: () => 0,
        onSome: (error) => Duration.toMillis(retryAfter(error))
      })
    : 0
