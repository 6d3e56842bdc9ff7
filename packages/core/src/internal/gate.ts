import * as Effect from "effect/Effect"

/** Lets so many effects through at once, in the order in which they came. */
export interface Gate {
  /** Whether an effect that comes now would not have to wait. */
  readonly isOpen: () => boolean
  /** Runs an effect once there is a place. Who is interrupted before leaves the queue at once. */
  readonly through: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

type Ticket = { enter: () => void }

export const makeGate = (places: number): Gate => {
  let free = places
  // As long as anyone stands here, no place is free: it goes from hand to hand, so that
  // nobody who comes in between can take it.
  const queue = new Set<Ticket>()

  const leave = (ticket: Ticket) => {
    if (queue.delete(ticket)) return
    const [next] = queue
    if (next === undefined) {
      free += 1
      return
    }
    queue.delete(next)
    next.enter()
  }

  return {
    isOpen: () => free > 0,
    // Whoever holds a ticket gives it back, wherever it is interrupted.
    through: (effect) =>
      Effect.uninterruptibleMask((restore) => {
        const ticket: Ticket = { enter: () => {} }
        const left = Effect.sync(() => leave(ticket))
        if (free > 0) {
          free -= 1
          return Effect.ensuring(restore(effect), left)
        }
        queue.add(ticket)
        const entered = Effect.async<void>((resume) => {
          ticket.enter = () => resume(Effect.void)
          if (!queue.has(ticket)) ticket.enter()
        })
        return Effect.ensuring(restore(Effect.zipRight(entered, effect)), left)
      })
  }
}
