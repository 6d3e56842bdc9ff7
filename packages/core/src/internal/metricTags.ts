import * as Arr from "effect/Array"
import * as FiberRef from "effect/FiberRef"
import type * as Fiber from "effect/Fiber"
import * as MetricLabel from "effect/MetricLabel"

export type Tags = ReadonlyArray<MetricLabel.MetricLabel>

/** What the program around a fiber says with `Effect.tagMetrics`. */
export const callersTags = (fiber: Fiber.RuntimeFiber<unknown, unknown>): Tags =>
  fiber.getFiberRef(FiberRef.currentMetricLabels)

interface Tagged {
  readonly own: Tags
  /** With the caller's. */
  readonly all: Tags
  readonly next: Map<string, Tagged>
}

const tagged = (own: Tags, callers: Tags): Tagged => ({
  own,
  all: Arr.union(own, callers),
  next: new Map()
})

const below = (parent: Tagged, name: string, value: string, callers: Tags): Tagged => {
  const known = parent.next.get(value)
  if (known !== undefined) return known
  const made = tagged([...parent.own, MetricLabel.make(name, value)], callers)
  parent.next.set(value, made)
  return made
}

/**
 * The tags of a metric with those of the caller. For the same values that is the same array each
 * time: the metric finds its place in the registry by it, instead of by hashing every tag. What
 * is kept for a caller's tags goes when they go.
 */
export const makeTags = <const Names extends ReadonlyArray<string>>(...names: Names) => {
  const known = new WeakMap<Tags, Tagged>()
  const rootOf = (callers: Tags) => {
    const root = known.get(callers) ?? tagged([], callers)
    known.set(callers, root)
    return root
  }
  return (callers: Tags, ...values: { readonly [I in keyof Names]: string }): Tags => {
    let at = rootOf(callers)
    let index = 0
    for (const name of names) at = below(at, name, values[index++] ?? "", callers)
    return at.all
  }
}
