/**
 * Pages of lists that are shown newest first.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { Buffer } from "node:buffer"
import * as Refusal from "./Refusal.js"

/**
 * One page. `nextToken` is empty on the last one.
 *
 * @since 0.1.0
 */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly maxResults: number
  readonly nextToken: string
  readonly totalCount: number
}

const defaultMaxResults = 10

// A token names the last item that was shown, not a position: it stays right while items
// come and go.
const encodeToken = (sequence: number): string =>
  Buffer.from(`before:${sequence}`).toString("base64")

const decodeToken = (token: string): number | undefined => {
  const match = /^before:(\d{1,15})$/.exec(Buffer.from(token, "base64").toString("latin1"))
  return match === null ? undefined : Number(match[1])
}

/**
 * What a request for a page comes down to: so many items, all with a `sequence` below
 * `before`.
 *
 * @since 0.1.0
 */
export interface Cut {
  readonly maxResults: number
  readonly before: number
}

/** Larger than any sequence. */
const end = Number.MAX_SAFE_INTEGER

/**
 * Reads a request for a page. Refuses a page size below one and a token that was not given
 * out.
 *
 * @since 0.1.0
 */
export const cut = (request: {
  readonly maxResults?: number | undefined
  readonly nextToken?: string | undefined
}): Effect.Effect<Cut, Refusal.Refusal> =>
  Effect.suspend(() => {
    const maxResults = request.maxResults ?? defaultMaxResults
    if (maxResults < 1) {
      return Effect.fail(Refusal.invalidParameter("MaxResults", "must be at least 1"))
    }
    const before = request.nextToken ? decodeToken(request.nextToken) : end
    return before === undefined
      ? Effect.fail(Refusal.invalidParameter("NextToken", "is no token of this server"))
      : Effect.succeed({ maxResults, before })
  })

/**
 * The page, from its items newest first. One item more than the page holds says that there
 * are more pages.
 *
 * @since 0.1.0
 */
export const make = <A extends { readonly sequence: number }>(
  items: ReadonlyArray<A>,
  { maxResults }: Cut,
  totalCount: number
): Page<A> => {
  const shown = items.slice(0, maxResults)
  const last = shown.at(-1)
  return {
    items: shown,
    maxResults,
    nextToken: last !== undefined && items.length > shown.length ? encodeToken(last.sequence) : "",
    totalCount
  }
}

/**
 * Cuts a page from all items. `sequence` grows with each item ever made. Refuses what
 * {@link cut} refuses.
 *
 * @since 0.1.0
 */
export const page = <A extends { readonly sequence: number }>(
  items: ReadonlyArray<A>,
  request: { readonly maxResults?: number | undefined; readonly nextToken?: string | undefined }
): Effect.Effect<Page<A>, Refusal.Refusal> =>
  Effect.map(cut(request), (wanted) =>
    make(
      items
        .filter((item) => item.sequence < wanted.before)
        .toSorted((one, other) => other.sequence - one.sequence),
      wanted,
      items.length
    )
  )
