/** The cells of the matrix: every public effect against every fault, at each place it can strike. */
import { rounds } from "../rounds.js"
import { type EffectName, effects } from "./effects.js"
import { type Course, type Expected, expected } from "./expected.js"
import { type Fault, isAbout } from "./fault.js"
import { faults } from "./faults.js"
import { type Effect, pollsToTheEnd, shapeOf, type Slot } from "./slots.js"

/** Where a fault strikes: for how long, and at which poll first. */
export interface Place {
  readonly slot: Slot
  readonly course: Course
  readonly poll: number
}

export interface Cell extends Place {
  readonly name: EffectName
  readonly effect: Effect
  readonly fault: Fault
  readonly wanted: Expected
}

const placesOf = (slot: Slot): ReadonlyArray<Place> =>
  (["once", "always"] as const).flatMap((course) =>
    (slot.kind === "poll" ? [1, pollsToTheEnd] : [1]).map((poll) => ({ slot, course, poll }))
  )

/** Where a fault can strike an effect. */
const placesFor = (effect: Effect, fault: Fault): ReadonlyArray<Place> =>
  effect.slots.filter((slot) => isAbout(fault, shapeOf(slot))).flatMap(placesOf)

const cellOf =
  (effect: Effect & { readonly name: EffectName }, fault: Fault) =>
  (place: Place): Cell => ({
    ...place,
    name: effect.name,
    effect,
    fault,
    wanted: expected({ ...place, effect, fault })
  })

/** Every cell there is. */
export const allCells: ReadonlyArray<Cell> = effects.flatMap((effect) =>
  faults.flatMap((fault) => placesFor(effect, fault).map(cellOf(effect, fault)))
)

/** Few effects have requests for the bytes of files, so none is left out. */
const isRare = ({ slot }: Place) => slot.kind === "put" || slot.kind === "get"

/**
 * Each effect against every second fault, in turns, so that every fault strikes half of the
 * effects. The places of an effect take turns as well: each is struck by some faults.
 */
const halfOfPairs: ReadonlyArray<Cell> = effects.flatMap((effect, row) =>
  faults
    .filter((fault, column) => (row + column) % 2 === 0 || placesFor(effect, fault).some(isRare))
    .flatMap((fault, turn) => {
      const places = placesFor(effect, fault)
      return [places.filter(isRare), places.filter((place) => !isRare(place))].flatMap((of) =>
        of.length === 0 ? [] : [cellOf(effect, fault)(of[(row + turn) % of.length]!)]
      )
    })
)

/** The cells of this form. */
export const cells = rounds({ short: 0, long: 1 }) === 1 ? allCells : halfOfPairs
