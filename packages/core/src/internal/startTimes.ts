/** When the last requests began, so that at most `limit` of them begin in any interval. */
export interface StartTimes {
  /** When the next one may begin, which may be long ago. */
  readonly due: () => number
  readonly begin: (now: number) => void
}

/**
 * A sliding window: the next request may begin when the one `limit` starts before it is an
 * `interval` (in milliseconds) ago. It holds `limit` numbers at most.
 */
export const makeStartTimes = (limit: number, interval: number): StartTimes => {
  const times: Array<number> = []
  let oldest = 0
  return {
    due: () => (times[oldest] ?? -Infinity) + interval,
    begin: (now) => {
      times[oldest] = now
      oldest = (oldest + 1) % limit
    }
  }
}
