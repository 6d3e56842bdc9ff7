import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { InvalidArgument } from "../AgentBayError.js"

/** Refuses an argument: its name, and what is allowed. */
export const refuse = (argument: string, issue: string): Effect.Effect<never, InvalidArgument> =>
  Effect.fail(new InvalidArgument({ argument, issue }))

/** The same for what a check found, if it found anything. */
export const refuseIssue = (
  found: { readonly argument: string; readonly issue: string } | undefined
): Effect.Effect<void, InvalidArgument> =>
  found === undefined ? Effect.void : refuse(found.argument, found.issue)

/** Names what a refused argument is a part of. */
export const within = <A>(
  whole: string,
  check: Effect.Effect<A, InvalidArgument>
): Effect.Effect<A, InvalidArgument> =>
  Effect.mapError(
    check,
    ({ argument, issue }) => new InvalidArgument({ argument: `${whole}.${argument}`, issue })
  )

/** A value in a message, readable whatever it is. */
export const shown = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value)
  if (Array.isArray(value)) return "a list"
  if (typeof value === "object" && value !== null) return "an object of another kind"
  return typeof value === "function" ? "a function" : String(value)
}

/** Whether something can hold options. */
export const isOptions = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * Refuses what cannot hold options. Nothing would be found in a text or a number, so that a
 * call with arguments in a row, as other clients have them, would do something else in silence.
 */
export const options = (
  value: object,
  argument = "options"
): Effect.Effect<void, InvalidArgument> =>
  isOptions(value) ? Effect.void : refuse(argument, "must be an object of options")

/** Refuses a text that is blank, or no text at all. */
export const notBlank = (argument: string, value: string): Effect.Effect<void, InvalidArgument> =>
  typeof value === "string" && value.trim() !== ""
    ? Effect.void
    : refuse(argument, "must be a text that is not blank")

/** The same for a text that may be left out. */
export const optionalNotBlank = (
  argument: string,
  value: string | undefined
): Effect.Effect<void, InvalidArgument> =>
  value === undefined ? Effect.void : notBlank(argument, value)

/** Whether a value is an object of the caller's own keys, and not an array, a Map, a Date … */
export const isPlainObject = (value: unknown): value is { readonly [name: string]: unknown } => {
  if (typeof value !== "object" || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Also an object of another realm, whose prototype is not ours.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** The JSON text of an object of the caller's own keys. */
export const jsonObject = (
  argument: string,
  value: { readonly [name: string]: unknown }
): Effect.Effect<string, InvalidArgument> => {
  if (!isPlainObject(value)) return refuse(argument, "must be an object")
  const refused = refuse(argument, "must be an object that JSON can hold")
  try {
    const text: unknown = JSON.stringify(value)
    // A `toJSON` of the caller's may say anything, and nothing.
    return typeof text === "string" && text.startsWith("{") ? Effect.succeed(text) : refused
  } catch {
    return refused
  }
}

/** A whole number that is not below the minimum. */
export const wholeNumber = (
  argument: string,
  value: number,
  minimum = 0
): Effect.Effect<number, InvalidArgument> =>
  Number.isSafeInteger(value) && value >= minimum
    ? Effect.succeed(value)
    : refuse(argument, `must be a whole number from ${minimum} on, but is ${shown(value)}`)

/** A number from 0 on, not endless, that may be left out. */
export const optionalAmount = (
  argument: string,
  value: number | undefined
): Effect.Effect<void, InvalidArgument> =>
  value === undefined || (Number.isFinite(value) && value >= 0)
    ? Effect.void
    : refuse(argument, `must be a finite number from 0 on, but is ${shown(value)}`)

/** A time that is positive and finite. */
export const positiveTime = (
  argument: string,
  input: Duration.DurationInput
): Effect.Effect<Duration.Duration, InvalidArgument> => {
  const time = Duration.decodeUnknown(input)
  return time._tag === "Some" &&
    Duration.isFinite(time.value) &&
    Duration.greaterThan(time.value, Duration.zero)
    ? Effect.succeed(time.value)
    : refuse(argument, "must be a positive, finite time")
}

/** One of some words. */
export const oneOf = (
  argument: string,
  value: string,
  words: ReadonlyArray<string>
): Effect.Effect<void, InvalidArgument> =>
  words.includes(value)
    ? Effect.void
    : refuse(argument, `must be one of ${words.join(", ")}, but is ${shown(value)}`)

/** A truth value that may be left out. */
export const optionalBoolean = (
  argument: string,
  value: boolean | undefined
): Effect.Effect<void, InvalidArgument> =>
  value === undefined || typeof value === "boolean"
    ? Effect.void
    : refuse(argument, "must be true or false")

/** A flat map of texts of which none is blank, each name before its value. It may be empty. */
export const labels = (
  argument: string,
  value: { readonly [name: string]: string }
): Effect.Effect<void, InvalidArgument> =>
  Effect.suspend(() => {
    if (!isPlainObject(value)) return refuse(argument, "must be an object of texts")
    for (const [name, label] of Object.entries(value)) {
      if (name.trim() === "") return refuse(argument, "must not have a blank name")
      // Encoding a record would drop it without a word.
      if (name === "__proto__") return refuse(argument, "must not have the name __proto__")
      if (typeof label !== "string" || label.trim() === "") {
        return refuse(`${argument}.${name}`, "must be a text that is not blank")
      }
    }
    return Effect.void
  })
