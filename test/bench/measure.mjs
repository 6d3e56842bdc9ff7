// How the benchmarks measure: two ways of doing the same thing in turns, in one run, so
// that a drift of the machine hits both. Medians are quoted, and their ratio.
import { subscribe } from "node:diagnostics_channel"

/** The middle of some figures. */
export const median = (figures) => figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)]

/** CPU milliseconds this process spends on an action. */
export const cpuMillis = async (action) => {
  const before = process.cpuUsage()
  await action()
  const { system, user } = process.cpuUsage(before)
  return (system + user) / 1000
}

/** Wall-clock milliseconds of an action. */
export const wallMillis = async (action) => {
  const before = process.hrtime.bigint()
  await action()
  return Number(process.hrtime.bigint() - before) / 1e6
}

/**
 * Runs `ours` and `theirs` in turns, `warmup` uncounted rounds first, and gives both medians
 * and their ratio. `between` is done before each round, uncounted.
 */
export const compare = async ({ between, measure, ours, rounds, theirs, warmup = 1 }) => {
  const figures = { ours: [], theirs: [] }
  for (let round = 0; round < warmup + rounds; round++) {
    await between?.()
    const mine = await measure(ours)
    const other = await measure(theirs)
    if (round < warmup) continue
    figures.ours.push(mine)
    figures.theirs.push(other)
  }
  const result = { ours: median(figures.ours), theirs: median(figures.theirs) }
  return { ...result, ratio: result.ours / result.theirs }
}

/** Counts the requests that undici sends in this process, by action. */
export const countRequests = () => {
  const requests = { GetContextInfo: 0, SyncContext: 0 }
  subscribe("undici:request:create", ({ request }) => {
    const [, action] = /Action=(\w+)/.exec(request.path) ?? []
    if (action !== undefined) requests[action] = (requests[action] ?? 0) + 1
  })
  return requests
}

const isMet = (value, goal, atLeast) =>
  goal === undefined ? null : atLeast ? value >= goal : value <= goal

/**
 * Two things compared, as one line of the report and as data. A goal says what the ratio is to
 * be at most, or with `atLeast` at least; without one there is nothing to meet.
 */
export const report = (title, { ours, ratio, theirs }, unit, goal, { atLeast = false } = {}) => {
  const met = isMet(ratio, goal, atLeast)
  return { title, ours, other: theirs, unit, ratio, goal: goal ?? null, atLeast, met }
}

/** A figure that stands alone, in the same shape; a goal is about the figure itself. */
export const note = (title, figure, unit, goal) => {
  const met = isMet(figure, goal, false)
  return {
    title,
    ours: figure,
    other: null,
    unit,
    ratio: null,
    goal: goal ?? null,
    atLeast: false,
    met
  }
}
