/**
 * Draws of a fuzz test. Each case is drawn from the seed of the run and its own number, so a case
 * that failed is repeated by these two, and by `SEED=… pnpm fuzz` with the whole run.
 */
import * as Effect from "effect/Effect"
import { PCGRandom } from "effect/Utils"

export interface Random {
  /** A whole number from 0 to below `limit`. */
  readonly below: (limit: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <A>(list: ReadonlyArray<A>) => A
}

const make = (high: number, low: number): Random => {
  const generator = new PCGRandom(high, low)
  const below = (limit: number) => generator.integer(limit)
  return {
    below,
    chance: (probability) => generator.number() < probability,
    pick: (list) => list[below(list.length)]!
  }
}

/** Long runs look elsewhere each time; the short ones are the same for everybody. */
const isLong = process.env["ROUNDS"] === "long"

export const seed: number =
  process.env["SEED"] === undefined
    ? isLong
      ? crypto.getRandomValues(new Uint32Array(1))[0]!
      : 20_261_126
    : Number(process.env["SEED"])

/** The draws of one case. */
export const ofCase = (number: number): Random => make(seed, number)

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
