/**
 * Operations on the contexts of a session.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { Binding, SyncPolicy } from "../ContextSync.js"
import { ContextStatusList, usualTasks } from "../internal/contextStatusCodec.js"
import { EmptyReply, key, make, optionalKey, optionalParameter } from "./Operation.js"

/**
 * The status of the transfer tasks of a session, optionally filtered exactly by context,
 * path and task type. An empty or absent `ContextStatus` is an empty list; an unreadable
 * one is a decode error, never an empty list.
 *
 * @since 0.1.0
 * @category operations
 */
export const GetContextInfo = make({
  action: "GetContextInfo",
  kind: "read",
  inQuery: [],
  payload: Schema.Struct({
    sessionId: key("SessionId", Schema.String),
    contextId: optionalParameter("ContextId", Schema.String),
    path: optionalParameter("Path", Schema.String),
    taskType: optionalParameter("TaskType", Schema.String)
  }),
  reply: Schema.Struct({
    data: optionalKey(
      "Data",
      Schema.Struct({ contextStatus: optionalKey("ContextStatus", ContextStatusList) })
    )
  }),
  usualReply: (body) => {
    const data = Predicate.hasProperty(body, "Data") ? body.Data : undefined
    const text = Predicate.hasProperty(data, "ContextStatus") ? data.ContextStatus : undefined
    const contextStatus = typeof text === "string" ? usualTasks(text) : undefined
    return contextStatus && { data: { contextStatus } }
  }
})

/**
 * Starts the transfer of one context at one path, or of every binding. The answer means
 * "accepted"; the outcome is read with {@link GetContextInfo}. The key of this operation
 * travels in the URL.
 *
 * @since 0.1.0
 * @category operations
 */
export const SyncContext = make({
  action: "SyncContext",
  kind: "write",
  inQuery: ["Authorization"],
  payload: Schema.Struct({
    contextId: optionalParameter("ContextId", Schema.String),
    mode: optionalParameter("Mode", Schema.String),
    path: optionalParameter("Path", Schema.String),
    sessionId: key("SessionId", Schema.String)
  }),
  reply: EmptyReply
})

// A service that has no policy to tell may leave the text empty.
const PolicyText = Schema.Union(
  Schema.parseJson(SyncPolicy),
  Schema.transform(Schema.Literal(""), Schema.typeSchema(SyncPolicy), {
    strict: true,
    decode: () => ({}),
    encode: () => "" as const
  })
)

/**
 * The bindings of a session: which context is mounted where, by which policy.
 *
 * @since 0.1.0
 * @category operations
 */
export const DescribeSessionContexts = make({
  action: "DescribeSessionContexts",
  kind: "read",
  inQuery: [],
  payload: Schema.Struct({ sessionId: key("SessionId", Schema.String) }),
  reply: Schema.Struct({
    data: optionalKey(
      "Data",
      Schema.Array(
        Schema.Struct({
          contextId: key("ContextId", Schema.String),
          contextName: optionalKey("ContextName", Schema.String),
          path: key("Path", Schema.String),
          policy: optionalKey("Policy", PolicyText),
          bindTime: optionalKey("BindTime", Schema.String)
        })
      )
    )
  })
})

/**
 * Binds further contexts to a session that runs. The answer means "accepted"; what is bound is
 * read with {@link DescribeSessionContexts}.
 *
 * @since 0.1.0
 * @category operations
 */
export const BindContexts = make({
  action: "BindContexts",
  kind: "write",
  inQuery: [],
  payload: Schema.Struct({
    persistenceDataList: key("PersistenceDataList", Schema.parseJson(Schema.Array(Binding))),
    sessionId: key("SessionId", Schema.String)
  }),
  reply: EmptyReply
})
