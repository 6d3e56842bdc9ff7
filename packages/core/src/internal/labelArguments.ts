import * as Effect from "effect/Effect"
import type { InvalidArgument } from "../AgentBayError.js"
import * as Arguments from "./arguments.js"

const isBlank = (text: string) => text.trim() === ""

/**
 * Refuses what is no set of labels: an empty one, a blank name, a value that is blank or no
 * text. For each label its name is looked at before its value.
 */
export const validateLabels = (
  argument: string,
  labels: { readonly [name: string]: string }
): Effect.Effect<void, InvalidArgument> => {
  if (!Arguments.isPlainObject(labels)) {
    return Arguments.refuse(argument, "must be an object of texts")
  }
  const entries: ReadonlyArray<readonly [string, unknown]> = Object.entries(labels)
  if (entries.length === 0) return Arguments.refuse(argument, "must hold at least one label")
  for (const [name, value] of entries) {
    if (isBlank(name)) return Arguments.refuse(argument, "must not have a blank name")
    if (typeof value !== "string" || isBlank(value)) {
      return Arguments.refuse(`${argument}.${name}`, "must be a text that is not blank")
    }
  }
  return Effect.void
}
