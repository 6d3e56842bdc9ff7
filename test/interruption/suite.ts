/** The tests of all programs, at as many of their moments as are asked for. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { programs } from "./programs.js"
import { atEveryMoment, type Manner } from "./rounds.js"

export interface Extent {
  /** The seeds of the ways that requests take. Each is tried at all turns. */
  readonly seeds: ReadonlyArray<number>
  /** Of so many steps one is tried. */
  readonly oneStepOf: number
  /** How many interruptions that are at least. */
  readonly atLeast: number
}

export const interruptions = ({ atLeast, oneStepOf, seeds }: Extent): void => {
  const turns = seeds.flatMap((seed): ReadonlyArray<Manner> => [
    { grain: "turns", over: "memory", of: 1, seed },
    { grain: "turns", over: "an HttpClient", of: 1, seed }
  ])
  const steps: Manner = { grain: "steps", over: "memory", of: oneStepOf, seed: seeds[0] ?? 1 }
  let times = 0

  for (const program of programs) {
    describe(program.name, () => {
      for (const manner of program.everyStep === true ? [...turns, steps] : turns) {
        it.effect(`between its ${manner.grain}, over ${manner.over}, seed ${manner.seed}`, () =>
          Effect.promise(async () => {
            times += await atEveryMoment(program, manner)
          })
        )
      }
    })
  }

  it.effect(`at least ${atLeast} times in all`, () =>
    Effect.sync(() => assert.isAtLeast(times, atLeast))
  )
}
