import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Page } from "../Page.js"

/**
 * What the next page is asked for with, if there is one: an empty token is none, and one that
 * was just used would lead round in a circle.
 */
export const nextTokenOf = (
  token: string | null | undefined,
  used: string | undefined
): string | undefined => (token === null || token === "" || token === used ? undefined : token)

/**
 * The items of all pages. A page is asked for when the one before it has been read; an empty
 * token, or one that was used already, ends the list.
 */
export const pagesOf = <A, E, R>(
  fetch: (token: string | undefined) => Effect.Effect<Page<A>, E, R>
): Stream.Stream<A, E, R> =>
  Stream.suspend(() => {
    const used = new Set<string>()
    return Stream.paginateChunkEffect<string | undefined, A, E, R>(undefined, (token) =>
      Effect.map(fetch(token), ({ items, nextToken }) => {
        const next = nextTokenOf(nextToken, token)
        const isNew = next !== undefined && !used.has(next)
        if (isNew) used.add(next)
        return [Chunk.fromIterable(items), isNew ? Option.some(next) : Option.none()]
      })
    )
  })
