import * as Effect from "effect/Effect"
import type { CallError } from "../AgentBayError.js"
import type { Answered, Service as HttpService } from "../AgentBayHttp.js"
import type { SessionBinding } from "../ContextManager.js"
import type { BindingRef, ContextInfoResult, ContextStatusData } from "../ContextStatus.js"
import { DescribeSessionContexts, GetContextInfo } from "../Protocol/ContextOperations.js"
import { bindingKey } from "./syncBaseline.js"

// The messages of tasks end up in errors, so they are cleaned as those are.
const infoOf =
  (http: HttpService) =>
  ({ reply, requestId }: Answered<typeof GetContextInfo.reply.Type>): ContextInfoResult => ({
    requestId,
    contextStatusData: (reply.data?.contextStatus ?? []).map((task) =>
      task.errorMessage === "" ? task : { ...task, errorMessage: http.redact(task.errorMessage) }
    )
  })

/** Asks for the status of tasks, by the given way of calling (with or without retries). */
export const readInfo = (
  http: HttpService,
  way: "call" | "callOnce",
  payload: typeof GetContextInfo.payload.Type
): Effect.Effect<ContextInfoResult, CallError> =>
  Effect.map(http[way](GetContextInfo, payload), infoOf(http))

/** Asks for the bindings of a session, by the given way of calling. */
export const readBindings = (
  http: HttpService,
  way: "call" | "callOnce",
  sessionId: string
): Effect.Effect<ReadonlyArray<SessionBinding>, CallError> =>
  Effect.map(http[way](DescribeSessionContexts, { sessionId }), ({ reply }) =>
    (reply.data ?? []).map(({ contextId, contextName, path, policy }) => ({
      contextId,
      path,
      contextName,
      policy
    }))
  )

/** An answer of all tasks of a session, which is looked at by many who want a few of them. */
export interface StatusReading extends ContextInfoResult {
  /** The tasks of one context at one path. */
  readonly about: (target: BindingRef) => ReadonlyArray<ContextStatusData>
}

const groupByBinding = (tasks: ReadonlyArray<ContextStatusData>) => {
  const groups = new Map<string, Array<ContextStatusData>>()
  for (const task of tasks) {
    const key = bindingKey(task)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [task])
    else group.push(task)
  }
  return groups
}

const none: ReadonlyArray<ContextStatusData> = []

export const statusReading = ({
  contextStatusData,
  requestId
}: ContextInfoResult): StatusReading => {
  let byBinding: Map<string, Array<ContextStatusData>> | undefined
  return {
    requestId,
    contextStatusData,
    about: (target) => {
      byBinding ??= groupByBinding(contextStatusData)
      return byBinding.get(bindingKey(target)) ?? none
    }
  }
}

/** Asks once for the status of all tasks of a session, for many to look at. */
export const readStatus = (
  http: HttpService,
  sessionId: string
): Effect.Effect<StatusReading, CallError> => {
  const read = infoOf(http)
  return Effect.map(http.callOnce(GetContextInfo, { sessionId }), (answered) =>
    statusReading(read(answered))
  )
}
