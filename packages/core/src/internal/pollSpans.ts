import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as Tracer from "effect/Tracer"
import { oneOrBoth } from "./oneOrBoth.js"
import type { Member } from "./pollMember.js"
import { pollsAttribute } from "./syncSpan.js"

/**
 * Makes the requests of a loop children of the call that has waited longest, and lets them say
 * how many share them. Nothing is done where all is as it was: there may be thousands of loops
 * with one member each.
 */
export const makeBelonging = () => {
  let parent: Tracer.AnySpan | undefined | null = null
  let waiters = 1
  return (oldest: Member<never>, size: number): Effect.Effect<void> | undefined => {
    const setParent = parent === oldest.parent ? undefined : belongTo(oldest.parent)
    const setWaiters = waiters === size ? undefined : beShared(size)
    parent = oldest.parent
    waiters = size
    return oneOrBoth(setParent, setWaiters)
  }
}

const belongTo = (parent: Tracer.AnySpan | undefined) =>
  FiberRef.update(FiberRef.currentContext, (context) =>
    parent === undefined
      ? Context.omit(Tracer.ParentSpan)(context)
      : Context.add(context, Tracer.ParentSpan, parent)
  )

const beShared = (waiters: number) =>
  FiberRef.update(FiberRef.currentTracerSpanAnnotations, (annotations) =>
    waiters === 1
      ? HashMap.remove(annotations, waitersAttribute)
      : HashMap.set(annotations, waitersAttribute, waiters)
  )

const waitersAttribute = "agentbay.waiters"

/** Tells a span the polls that its waits have used up; `bind` and `delete` may wait twice. */
export const tellPolls = ({ parent, standing }: Member<never>): void => {
  if (parent?._tag !== "Span") return
  const before = parent.attributes.get(pollsAttribute)
  parent.attribute(pollsAttribute, standing.polls + (typeof before === "number" ? before : 0))
}
