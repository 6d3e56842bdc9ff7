/**
 * Removes what has expired from the store.
 *
 * A file lives from the moment it was placed in the store, which is when the file came into
 * being there: every upload places a new one. The time it carries is the one of its source
 * and says nothing about that, and the time of its last change moves when it is compared.
 *
 * A sweep raises no version of the store. A session that had seen everything still has after
 * it: nothing is there that it does not know, so what it deletes may be deleted. A session
 * that still holds an expired file brings it back with its next upload, as a new one.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeFs from "node:fs"
import * as Beneath from "../Beneath.js"
import { DataDirectory } from "../DataDirectory.js"
import { reasonOf } from "../transfer/FileCopy.js"
import * as MountPath from "../MountPath.js"
import { Recycling, type Rule } from "./Recycling.js"
import { ServerClock } from "../ServerClock.js"
import * as Slices from "../transfer/Slices.js"
import { State } from "../State.js"
import type { FailedEntry } from "../transfer/TransferOutcome.js"
import { TransferQueue } from "../sync/TransferQueue.js"
import { type Removal, remove } from "../transfer/TransferRemoval.js"
import { entriesOf } from "../transfer/TransferScan.js"
import * as Whitelist from "../transfer/Whitelist.js"

/** Files expire one by one; they are looked for at most this often. */
const pauseMillis = 60_000

/** What could not be removed is tried again after this time. */
const retryMillis = 60 * pauseMillis

/** Not every file system tells when a file came into being. */
const placedAt = ({ birthtimeMs, ctimeMs }: NodeFs.BigIntStats): number =>
  Number(birthtimeMs > 0n ? birthtimeMs : ctimeMs)

interface Sweep extends Removal {
  /** When a file expires that was placed at this time of the machine. */
  readonly expiry: (placed: number) => number
  readonly now: number
  /** When the next of the files that are left expires. */
  next: number
}

interface Found {
  readonly folders: Array<string>
  readonly expired: Array<string>
}

function* lookInto(sweep: Sweep, folder: string): Slices.Steps<Found> {
  const found: Found = { folders: [], expired: [] }
  yield* entriesOf(sweep.destination.directory(folder), (entry) => {
    const path = Beneath.join(folder, entry.name)
    const coverage = sweep.whitelist.coverage(path)
    if (coverage === "none") return
    if (entry.isDirectory()) found.folders.push(path)
    else if (coverage === "all") {
      const stats = sweep.destination.look(path)
      if (stats === undefined) return
      const expires = sweep.expiry(placedAt(stats))
      if (expires <= sweep.now) found.expired.push(path)
      else sweep.next = Math.min(sweep.next, expires)
    }
  })
  return found
}

/** One that cannot be removed does no harm. */
const removeEmpty = (sweep: Sweep, folder: string): boolean => {
  try {
    NodeFs.rmdirSync(sweep.destination.entry(folder))
    sweep.removed += 1
    return true
  } catch {
    return false
  }
}

/** Removes the expired files of a tree, and the folders that held nothing else. */
function* sweepTree(sweep: Sweep): Slices.Steps {
  const emptied = new Set<string>()
  const folders = [""]
  // Grows while it is walked: parents come before their children.
  for (const folder of folders) {
    try {
      const found = yield* lookInto(sweep, folder)
      folders.push(...found.folders)
      for (const path of found.expired) {
        yield* remove(sweep, { path, coverage: "all", directory: false })
      }
      if (found.expired.length > 0) emptied.add(folder)
    } catch (error) {
      sweep.failures.push({ path: folder, reason: reasonOf(error) })
    }
  }
  for (const folder of folders.toReversed()) {
    if (folder === "" || !emptied.has(folder)) continue
    if (removeEmpty(sweep, folder)) {
      emptied.add(folder.slice(0, Math.max(0, folder.lastIndexOf("/"))))
    }
    yield
  }
}

const report = (removed: number, failures: ReadonlyArray<FailedEntry>) =>
  Effect.gen(function* () {
    if (removed > 0) yield* Effect.logDebug(`${removed} stored files or folders have expired`)
    const [first] = failures
    if (first === undefined) return
    yield* Effect.logWarning(
      `${failures.length} stored files could not be looked at or removed after they expired, ` +
        `the first is ${first.path}: ${first.reason}`
    )
  })

type Needs = State | Recycling | TransferQueue | DataDirectory | ServerClock

/** Nothing of the rule is left to wait for. */
const never = Number.POSITIVE_INFINITY

/**
 * Sweeps at the start, and whenever the next file expires by the clock of the server, until
 * the scope closes.
 *
 * @since 0.1.0
 */
export const run: Effect.Effect<never, never, Needs> = Effect.gen(function* () {
  const state = yield* State
  const recycling = yield* Recycling
  const queue = yield* TransferQueue
  const directory = yield* DataDirectory
  const clock = yield* ServerClock

  /** Answers when the next file of the rule expires. */
  const sweepRule = Effect.fnUntraced(function* (rule: Rule) {
    // Another policy may have taken its place while this waited; its own sweep comes.
    if (!recycling.rules().includes(rule)) return never
    const place = yield* MountPath.place(directory.contextFiles(rule.contextId), rule.path)
    const destination = yield* Beneath.scoped(place)
    // Cleared, or the whole context is gone: the next upload says anew what is to expire.
    if (destination.look("") === undefined) {
      yield* state.atomically(recycling.forget(rule.contextId, rule.path))
      return never
    }
    const now = yield* Clock.currentTimeMillis
    const sweep: Sweep = {
      destination,
      whitelist: Whitelist.make(rule.paths.map((path) => ({ path }))),
      failures: [],
      removed: 0,
      expiry: (placed) => clock.shown(placed) + rule.lifetime,
      now,
      next: never
    }
    yield* Slices.run(sweepTree(sweep), () => undefined)
    yield* report(sweep.removed, sweep.failures)
    return sweep.failures.length === 0 ? sweep.next : Math.min(sweep.next, now + retryMillis)
  })

  const postpone = (error: unknown) =>
    Effect.zipRight(
      Effect.logWarning("The search for expired files failed", error),
      Effect.map(Clock.currentTimeMillis, (now) => now + retryMillis)
    )

  const sweep = Effect.gen(function* () {
    recycling.startOver()
    const nexts = yield* Effect.forEach(
      recycling.rules(),
      (rule) =>
        queue
          .withTurn(
            { contextId: rule.contextId, mount: rule.path, type: "upload" },
            Effect.scoped(sweepRule(rule))
          )
          .pipe(
            Effect.catchAll(postpone),
            Effect.catchAllDefect(postpone),
            Effect.annotateLogs({ context: rule.contextId, path: rule.path })
          ),
      { concurrency: 4 }
    )
    const now = yield* Clock.currentTimeMillis
    yield* recycling.expect(Math.max(now + pauseMillis, Math.min(...nexts)))
  })

  const step = Effect.gen(function* () {
    const left = recycling.due() - (yield* Clock.currentTimeMillis)
    if (left <= 0) return yield* sweep
    yield* Number.isFinite(left)
      ? Effect.raceFirst(Effect.sleep(Duration.millis(left)), recycling.expected)
      : recycling.expected
  })

  return yield* Effect.forever(step)
})

/**
 * @since 0.1.0
 */
export const layer: Layer.Layer<never, never, Needs> = Layer.scopedDiscard(
  // Rooms may be opened where nothing can be interrupted, and this must end with them.
  Effect.forkScoped(Effect.interruptible(run))
)
