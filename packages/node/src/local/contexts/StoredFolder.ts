/**
 * Reads one page of a folder's entries in the order of their names, whatever the size of the
 * folder: the event loop is never held up, and beside the page itself only names are kept, of
 * which those that come after the page are dropped on the way.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Beneath from "../Beneath.js"
import * as Slices from "../transfer/Slices.js"
import { entriesOf } from "../transfer/TransferScan.js"

/**
 * A page, counted from one.
 *
 * @since 0.1.0
 */
export interface Wanted {
  readonly page: number
  readonly size: number
}

/**
 * The names of a page, and how many entries all pages have.
 *
 * @since 0.1.0
 */
export interface Names {
  readonly names: ReadonlyArray<string>
  readonly count: number
}

/** So many names are sorted within a millisecond or two. */
const runLength = 2048

/** How many names are merged between two looks at the clock. */
const stride = 256

/** The first `limit` names of two sorted lists, sorted. */
function* merge(
  one: ReadonlyArray<string>,
  other: ReadonlyArray<string>,
  limit: number
): Slices.Steps<Array<string>> {
  const merged: Array<string> = []
  let left = 0
  let right = 0
  while (merged.length < limit) {
    const first = one[left]
    const second = other[right]
    if (first === undefined && second === undefined) break
    if (second === undefined || (first !== undefined && first <= second)) {
      if (first !== undefined) merged.push(first)
      left++
    } else {
      merged.push(second)
      right++
    }
    if (merged.length % stride === 0) yield
  }
  return merged
}

/** The first `limit` names of many sorted lists, sorted. */
function* mergeAll(runs: ReadonlyArray<Array<string>>, limit: number): Slices.Steps<Array<string>> {
  let left = runs
  while (left.length > 1) {
    const merged: Array<Array<string>> = []
    for (let index = 0; index < left.length; index += 2) {
      merged.push(yield* merge(left[index] ?? [], left[index + 1] ?? [], limit))
    }
    left = merged
  }
  return left[0] ?? []
}

/** Names in sorted lists, of which none is longer than the limit. */
const collector = (limit: number) => {
  const runs: Array<Array<string>> = []
  let run: Array<string> = []
  let count = 0
  const close = (): void => {
    // By code units, as no locale has a say in it.
    run.sort()
    runs.push(run.length > limit ? run.slice(0, limit) : run)
    run = []
  }
  return {
    add: (name: string): void => {
      count++
      run.push(name)
      if (run.length === runLength) close()
    },
    end: () => {
      close()
      return { runs, count }
    }
  }
}

/**
 * The files and folders in a directory of this machine. Links, sockets and the like do not
 * count. Fails with the system's error.
 *
 * @since 0.1.0
 */
export const read = (
  folder: Beneath.Beneath,
  { page, size }: Wanted
): Effect.Effect<Names, unknown> =>
  Effect.suspend(() => {
    const last = page * size
    const collected = collector(last)
    let outcome: { readonly names: Names } | { readonly error: unknown } | undefined
    const steps = function* (): Slices.Steps {
      try {
        yield* entriesOf(folder.directory(""), (entry) => {
          if (entry.isFile() || entry.isDirectory()) collected.add(entry.name)
        })
        const { count, runs } = collected.end()
        const names = last - size < count ? yield* mergeAll(runs, last) : []
        outcome = { names: { names: names.slice(last - size), count } }
      } catch (error) {
        outcome = { error }
      }
    }
    return Effect.flatMap(
      Slices.run(steps(), () => {}),
      () =>
        outcome !== undefined && "names" in outcome
          ? Effect.succeed(outcome.names)
          : Effect.fail(outcome?.error)
    )
  })
