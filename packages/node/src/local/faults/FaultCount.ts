/**
 * Counts what a rule of misbehaviour is about, and says whether the one at hand is meant.
 *
 * @since 0.1.0
 */
import * as Utils from "effect/Utils"
import type * as Faults from "../../Faults.js"

type Calls = NonNullable<NonNullable<Faults.Rule["when"]>["calls"]>

/** Without a seed, the draws are the same at every run too. */
const defaultSeed = 1

/**
 * Makes a function that is asked once for each call (or task) that a rule is about.
 *
 * @since 0.1.0
 */
export const make = (calls: Calls | undefined): (() => boolean) => {
  if (calls === undefined) return () => true
  if (typeof calls === "object" && "probability" in calls) {
    const random = new Utils.PCGRandom(calls.seed ?? defaultSeed)
    return () => random.number() < calls.probability
  }
  const isMeant = chosen(calls)
  let count = 0
  return () => isMeant(++count)
}

const chosen = (
  calls: Exclude<Calls, { readonly probability: number }>
): ((count: number) => boolean) => {
  if (typeof calls === "number") return (count) => count === calls
  if ("from" in calls) {
    const { from, to = Number.POSITIVE_INFINITY } = calls
    return (count) => count >= from && count <= to
  }
  return (count) => calls.includes(count)
}
