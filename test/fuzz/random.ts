/**
 * Draws of a fuzz test. Each case is drawn from the seed of the run and its own number, so a case
 * that failed is repeated by these two, and by `SEED=… pnpm fuzz` with the whole run.
 */
import * as Effect from "effect/Effect"
import { type Random, random } from "../random.js"

export type { Random } from "../random.js"

/** Long runs look elsewhere each time; the short ones are the same for everybody. */
const isLong = process.env["ROUNDS"] === "long"

export const seed: number =
  process.env["SEED"] === undefined
    ? isLong
      ? crypto.getRandomValues(new Uint32Array(1))[0]!
      : 20_261_126
    : Number(process.env["SEED"])

/** The draws of one case. */
export const ofCase = (number: number): Random => random(seed, number)

/** Lets others run: a worker that is busy for a minute is taken for dead. */
export const breath: Effect.Effect<void> = Effect.async((resume) => {
  setImmediate(() => resume(Effect.void))
})

/** How to name a case that failed, with what was sent; long things are cut in the middle. */
export const named = (number: number, input: unknown): string => {
  const text = JSON.stringify(input)
  const shown =
    text.length <= 4000 ? text : `${text.slice(0, 2000)} … ${text.length} … ${text.slice(-500)}`
  return `SEED=${seed}, case ${number}: ${shown}`
}
