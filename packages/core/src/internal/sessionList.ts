import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ListOptions, SessionSummary } from "../AgentBay.js"
import { type CallError, InvalidArgument } from "../AgentBayError.js"
import type { Service as HttpService } from "../AgentBayHttp.js"
import type { Page } from "../Page.js"
import { ListSession } from "../Protocol.js"
import * as Arguments from "./arguments.js"
import { nextTokenOf, pagesOf } from "./pages.js"

const defaultPageSize = 10

const states = ["RUNNING", "PAUSING", "PAUSED", "RESUMING", "DELETING", "DELETED"] as const

type Filter = Omit<typeof ListSession.payload.Type, "nextToken">

/** Checks what a list is filtered by; every page is asked for with all of it. */
const filterOf = (options: ListOptions): Effect.Effect<Filter, InvalidArgument> =>
  Effect.gen(function* () {
    yield* Arguments.options(options)
    const { labels = {}, pageSize = defaultPageSize, status } = options
    yield* Arguments.labels("labels", labels)
    if (status !== undefined) yield* Arguments.oneOf("status", status, states)
    const maxResults = yield* Arguments.wholeNumber("pageSize", pageSize, 1)
    return { labels, maxResults, status }
  })

const readPage = (
  http: HttpService,
  filter: Filter,
  token: string | undefined
): Effect.Effect<Page<SessionSummary>, CallError> =>
  Effect.map(http.call(ListSession, { ...filter, nextToken: token }), ({ reply, requestId }) => ({
    items: (reply.data ?? []).map((item) => ({
      sessionId: item.sessionId,
      status: item.sessionStatus ?? ""
    })),
    nextToken: nextTokenOf(reply.nextToken, token),
    totalCount: reply.totalCount,
    requestId
  }))

/** All sessions of a filter; a page is asked for when it is read. */
export const listSessions = (
  http: HttpService,
  options: ListOptions
): Stream.Stream<SessionSummary, CallError | InvalidArgument> =>
  Stream.unwrap(
    Effect.map(filterOf(options), (filter) => pagesOf((token) => readPage(http, filter, token)))
  )

/**
 * One page of a filter. The service knows only tokens, so the pages before it are walked
 * through, each with the whole filter.
 */
export const sessionPage = (
  http: HttpService,
  options: ListOptions & { readonly page?: number | undefined }
): Effect.Effect<Page<SessionSummary>, CallError | InvalidArgument> =>
  Effect.gen(function* () {
    const filter = yield* filterOf(options)
    const wanted = yield* Arguments.wholeNumber("page", options.page ?? 1, 1)
    let page = yield* readPage(http, filter, undefined)
    for (let number = 1; number < wanted; number++) {
      const { nextToken, requestId } = page
      if (nextToken === undefined) {
        return yield* new InvalidArgument({
          argument: "page",
          issue: `${wanted} cannot be reached, no more pages: the last is ${number}`,
          requestId
        })
      }
      page = yield* readPage(http, filter, nextToken)
    }
    return page
  })
