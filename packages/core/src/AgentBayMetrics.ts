/**
 * What the library counts and measures, as metrics of Effect: read them with `Metric.value` or
 * `Metric.snapshot`, or have an exporter read them. They are counted always; without a reader
 * that costs next to nothing.
 *
 * No tag holds an id, a path, or anything else that grows with use. What a program says with
 * `Effect.tagMetrics` is added to the tags of this library. The requests and polls of a loop
 * that several waits share carry what was said around the one that began the loop.
 *
 * @since 0.1.0
 */
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"

/**
 * The syncs that were begun: by `sync`, `progress` and `start`, and by `syncAll` and
 * `syncSessions` one for each target. One that is refused for its arguments never begins.
 *
 * Name: `agentbay_syncs_started_total`. Tag: `mode` (`upload`, `download`).
 *
 * @since 0.1.0
 * @category metrics
 */
export const syncsStarted: Metric.Metric.Counter<number> = Metric.counter(
  "agentbay_syncs_started_total",
  { description: "Syncs that were begun", incremental: true }
)

/**
 * The syncs whose end was seen, once for everyone who waited: by `sync`, `progress`, `syncAll`
 * and `syncSessions`, by a `start` that failed, and by each wait with a handle. So one that
 * was started and never waited for has no end here, and one that was resumed in this process
 * has no beginning.
 *
 * Name: `agentbay_syncs_ended_total`. Tags: `mode`; `outcome`, which is `Completed` or
 * `NothingToSync`, the `_tag` of the error, `Interrupted` when nobody waited to the end, or
 * `Defect`.
 *
 * @example
 * ```ts
 * import { AgentBayMetrics } from "@effect-agentbay/core"
 * import { Effect, Metric } from "effect"
 *
 * const timedOut = AgentBayMetrics.syncsEnded.pipe(
 *   Metric.tagged("mode", "upload"),
 *   Metric.tagged("outcome", "SyncTimeout")
 * )
 *
 * const program = Effect.gen(function* () {
 *   const { count } = yield* Metric.value(timedOut)
 *   yield* Effect.log(`${count} uploads were still open when their time was over`)
 * })
 * ```
 *
 * @since 0.1.0
 * @category metrics
 */
export const syncsEnded: Metric.Metric.Counter<number> = Metric.counter(
  "agentbay_syncs_ended_total",
  { description: "Syncs whose end was seen", incremental: true }
)

/**
 * How long the syncs of {@link syncsEnded} took, in seconds: from the call to the end, and with
 * a handle from the moment its trigger was accepted.
 *
 * Name: `agentbay_sync_duration_seconds`. Tags: those of {@link syncsEnded}. Boundaries: 0.1
 * seconds to one hour.
 *
 * @since 0.1.0
 * @category metrics
 */
export const syncDuration: Metric.Metric.Histogram<number> = Metric.histogram(
  "agentbay_sync_duration_seconds",
  MetricBoundaries.fromIterable([
    0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600
  ]),
  "How long syncs took from the call to the end"
)

/**
 * The polls that counted for somebody who waits, as `polls` of results and errors counts them:
 * a status request that ten share is ten polls. All waits are in it, those of `create`, `bind`,
 * `clear`, `pause`, `resume` and `delete` too, and `poll` of a handle.
 *
 * Name: `agentbay_polls_total`. No tags.
 *
 * @since 0.1.0
 * @category metrics
 */
export const polls: Metric.Metric.Counter<number> = Metric.counter("agentbay_polls_total", {
  description: "Polls, counted for each who waits",
  incremental: true
})

/**
 * How many wait at this moment, at all loops together.
 *
 * Name: `agentbay_poll_waiters`. No tags.
 *
 * @since 0.1.0
 * @category metrics
 */
export const waiters: Metric.Metric.Gauge<number> = Metric.gauge("agentbay_poll_waiters", {
  description: "How many wait at this moment"
})

/**
 * How many waits each status request of a loop served when it was made. Its count is the number
 * of such requests, its sum over its count what sharing saves.
 *
 * Name: `agentbay_poll_loop_waiters`. No tags. Boundaries: 1 to 10,000.
 *
 * @since 0.1.0
 * @category metrics
 */
export const loopWaiters: Metric.Metric.Histogram<number> = Metric.histogram(
  "agentbay_poll_loop_waiters",
  MetricBoundaries.fromIterable([1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]),
  "How many waits one status request served"
)

/**
 * The requests to the service that have ended, each repetition by itself. Bytes of files that
 * go to presigned URLs are not among them.
 *
 * Name: `agentbay_requests_total`. Tags: `action`, the name of the operation (`SyncContext`), or
 * `callTool` for the direct link of a session; `result`, which is `ok`, the `reason` of the
 * error (`Throttled`, `Timeout`, `SessionNotFound`), `Interrupted`, or `Defect`.
 *
 * @since 0.1.0
 * @category metrics
 */
export const requests: Metric.Metric.Counter<number> = Metric.counter("agentbay_requests_total", {
  description: "Requests to the service that have ended",
  incremental: true
})

/**
 * How long the requests of {@link requests} took, in seconds, whatever came of them.
 *
 * Name: `agentbay_request_duration_seconds`. Tag: `action`. Boundaries: 5 milliseconds to one
 * minute.
 *
 * @since 0.1.0
 * @category metrics
 */
export const requestDuration: Metric.Metric.Histogram<number> = Metric.histogram(
  "agentbay_request_duration_seconds",
  MetricBoundaries.fromIterable([
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60
  ]),
  "How long requests to the service took"
)
