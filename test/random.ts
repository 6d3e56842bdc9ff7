/** Draws that are the same again for the same seed. */
import { PCGRandom } from "effect/Utils"

export interface Random {
  /** A whole number from 0 to below `limit`. */
  readonly below: (limit: number) => number
  readonly chance: (probability: number) => boolean
  readonly pick: <A>(among: ReadonlyArray<A>) => A
}

/** The draws of a seed, and of one of its cases. */
export const random = (seed: number, number = 0): Random => {
  const generator = new PCGRandom(seed, number)
  const below = (limit: number) => generator.integer(limit)
  return {
    below,
    chance: (probability) => generator.number() < probability,
    pick: (among) => {
      const picked = among[below(among.length)]
      if (picked === undefined) throw new Error("nothing to pick from")
      return picked
    }
  }
}
