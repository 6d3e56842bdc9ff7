/**
 * Actions on the contexts of the account.
 *
 * @since 0.1.0
 */
import * as Protocol from "@effect-agentbay/core/Protocol"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { ContextCleaning } from "../contexts/ContextCleaning.js"
import { ContextStore, type Outcome, type StoredContext } from "../contexts/ContextStore.js"
import * as InternalContexts from "../contexts/InternalContexts.js"
import { type Entry, handle, isoSeconds } from "./Operation.js"
import * as Paging from "./Paging.js"
import * as Refusal from "./Refusal.js"
import { SessionRegistry } from "../sessions/SessionRegistry.js"

const describe = (context: StoredContext) => ({
  id: context.id,
  name: context.name,
  state: context.state,
  createTime: isoSeconds(context.createdAt),
  lastUsedTime: isoSeconds(context.lastUsedAt),
  osType: "linux"
})

const isBlank = (text: string | undefined): boolean => text === undefined || text.trim() === ""

const blankName = Refusal.invalidParameter("Name", "is missing or blank")

const refusals: { readonly [outcome in Exclude<Outcome, "done">]: Refusal.Refusal } = {
  absent: Refusal.contextAbsent,
  taken: Refusal.contextNameTaken,
  mounted: Refusal.contextMounted
}

/** The reply of an action that answers with the envelope alone. */
const replyOf = (outcome: Outcome): Effect.Effect<{}, Refusal.Refusal> =>
  outcome === "done" ? Effect.succeed({}) : Effect.fail(refusals[outcome])

type Needs = ContextStore | ContextCleaning | InternalContexts.InternalContexts | SessionRegistry

/**
 * The entries of this group.
 *
 * @since 0.1.0
 */
export const make: Effect.Effect<ReadonlyArray<Entry>, never, Needs> = Effect.gen(function* () {
  const contexts = yield* ContextStore
  const cleaning = yield* ContextCleaning
  const internal = yield* InternalContexts.InternalContexts
  const registry = yield* SessionRegistry

  const find = (payload: {
    readonly allowCreate?: boolean | undefined
    readonly contextId?: string | undefined
    readonly name?: string | undefined
  }) => {
    if (payload.contextId) return contexts.findById(payload.contextId)
    if (payload.name === undefined || isBlank(payload.name)) return Effect.fail(blankName)
    return payload.allowCreate === true
      ? Effect.asSome(contexts.getOrCreate(payload.name))
      : contexts.findByName(payload.name)
  }

  return [
    handle(
      Protocol.GetContext,
      Effect.fn("LocalAgentBay.GetContext")(function* (payload) {
        const found = yield* find(payload)
        if (Option.isNone(found)) return yield* Refusal.contextNotFound
        return { data: describe(found.value) }
      })
    ),
    handle(
      Protocol.ListContexts,
      Effect.fn("LocalAgentBay.ListContexts")(function* (payload) {
        const cut = yield* Paging.cut(payload)
        const only = payload.sessionId
          ? (yield* registry.get(payload.sessionId)).bindings.map((binding) => binding.contextId)
          : undefined
        const listed = yield* contexts.list(cut, only)
        const page = Paging.make(listed.contexts, cut, listed.total)
        return {
          data: page.items.map(describe),
          maxResults: page.maxResults,
          nextToken: page.nextToken,
          totalCount: page.totalCount
        }
      })
    ),
    handle(
      Protocol.ModifyContext,
      Effect.fn("LocalAgentBay.ModifyContext")(function* (payload) {
        if (isBlank(payload.name)) return yield* blankName
        return yield* replyOf(yield* contexts.rename(payload.id, payload.name))
      })
    ),
    handle(
      Protocol.DeleteContext,
      Effect.fn("LocalAgentBay.DeleteContext")(function* (payload) {
        return yield* replyOf(yield* cleaning.remove(payload.id))
      })
    ),
    handle(
      Protocol.ClearContext,
      Effect.fn("LocalAgentBay.ClearContext")(function* (payload) {
        return yield* replyOf(yield* cleaning.clear(payload.id))
      })
    ),
    handle(
      Protocol.GetAndLoadInternalContext,
      Effect.fn("LocalAgentBay.GetAndLoadInternalContext")(function* (payload) {
        if (payload.contextType !== InternalContexts.fileTransfer) {
          return yield* Refusal.invalidParameter(
            "ContextTypes.1",
            `must be "${InternalContexts.fileTransfer}"`
          )
        }
        const contextId = yield* registry.within(payload.sessionId, internal.load)
        return {
          data: [
            {
              contextId,
              contextPath: InternalContexts.fileTransferPath,
              contextType: InternalContexts.fileTransfer
            }
          ]
        }
      })
    )
  ]
})
