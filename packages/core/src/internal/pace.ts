/**
 * How far the starts of requests are kept apart because the service throttled some. Pure: it
 * is told what began when, and what was answered.
 */
export interface Pace {
  /** Milliseconds from one start to the next; 0 when nothing is held back. */
  readonly gap: number
  /** How often requests were slowed down. Each request keeps the number it began with. */
  readonly slowings: number
  /** The start from which the gap is counted. */
  readonly last: number
}

/** Nothing is held back. */
export const free: Pace = { gap: 0, slowings: 0, last: -Infinity }

const firstGap = 100
const shortestGap = 10

/** The longest gap, in milliseconds. */
export const longestGap = 5000

// Seven answers undo one slowing, so that few requests are throttled when the service can bear
// just so many; and from the longest gap to none it takes less than a minute.
const growth = 2
const decline = 0.9

/**
 * After a throttled answer. Requests that began before the last slowing say nothing about the
 * pace since: all the throttled ones of a crowd slow it down once.
 */
export const throttled = (pace: Pace, begunWith: number): Pace =>
  begunWith === pace.slowings
    ? {
        gap: Math.min(longestGap, Math.max(firstGap, pace.gap * growth)),
        slowings: pace.slowings + 1,
        last: pace.last
      }
    : pace

/** After an answer that is not throttled; again only if it is one to the pace of now. */
export const answered = (pace: Pace, begunWith: number): Pace => {
  if (pace.gap === 0 || begunWith !== pace.slowings) return pace
  const gap = pace.gap * decline
  return { ...pace, gap: gap < shortestGap ? 0 : gap }
}

/** When the next request may begin, which may be long ago. */
export const due = ({ gap, last }: Pace): number => last + gap

/**
 * After a start. One gap that nobody used may be made up for, so that a lone caller who has
 * waited for a retry does not wait a second time for what comes after it.
 */
export const started = (pace: Pace, now: number): Pace =>
  pace.gap === 0 ? pace : { ...pace, last: Math.max(due(pace), now - pace.gap) }
