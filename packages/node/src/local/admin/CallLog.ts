/**
 * The last calls of the API, for who wants to see what a client did. No parameters are kept
 * but the id of the session: the others may hold what nobody else should read.
 *
 * @since 0.1.0
 */
import { Buffer } from "node:buffer"

/**
 * One call. `status` is what travelled as HTTP status, 0 when no answer did; `code` is that of
 * the answer's body.
 *
 * @since 0.1.0
 */
export interface Call {
  /** When the answer was made, ISO 8601 in UTC, by the server's clock. */
  readonly at: string
  readonly action: string
  readonly status: number
  readonly code: string
  readonly durationMillis: number
  readonly requestId: string
  readonly sessionId?: string
}

/**
 * What is noted about a call. Times are milliseconds.
 *
 * @since 0.1.0
 */
export type Note = Omit<Call, "at" | "durationMillis"> & {
  readonly end: number
  readonly duration: number
}

/**
 * @since 0.1.0
 */
export interface CallLog {
  readonly add: (note: Note) => void
  /** The last calls, the oldest of them first. Default: all that are kept. */
  readonly last: (count?: number) => ReadonlyArray<Call>
  readonly clear: () => void
}

/**
 * How many calls are kept.
 *
 * @since 0.1.0
 */
export const kept = 1000

const longestName = 64

/**
 * Names come from outside; an action of this protocol is short. A copy: a part of a text keeps
 * the whole of it in memory, and that is the body of the request. The same few names come again
 * and again, so copies are kept for a while.
 */
const makeShort = () => {
  const copies = new Map<string, string>()
  return (text: string): string => {
    const known = copies.get(text)
    if (known !== undefined) return known
    const copy = Buffer.from(text.slice(0, longestName)).toString()
    if (copies.size === kept) copies.clear()
    copies.set(copy, copy)
    return copy
  }
}

const toCall = ({ duration, end, sessionId, ...note }: Note): Call => ({
  at: new Date(end).toISOString(),
  ...note,
  durationMillis: Math.round(duration * 1000) / 1000,
  ...(sessionId === undefined ? {} : { sessionId })
})

/**
 * @since 0.1.0
 */
export const make = (): CallLog => {
  // A ring: noting a call must cost next to nothing.
  const ring: Array<Note> = []
  const short = makeShort()
  let next = 0
  return {
    add: ({ action, code, duration, end, requestId, sessionId, status }) => {
      const note = { action: short(action), status, code, requestId, end, duration }
      ring[next] = sessionId === undefined ? note : { ...note, sessionId: short(sessionId) }
      next = (next + 1) % kept
    },
    last: (count = kept) => {
      const ordered = ring.length < kept ? ring : [...ring.slice(next), ...ring.slice(0, next)]
      return (count <= 0 ? [] : ordered.slice(-count)).map(toCall)
    },
    clear: () => {
      ring.length = 0
      next = 0
    }
  }
}
