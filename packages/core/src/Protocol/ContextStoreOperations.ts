/**
 * Operations on the persistent contexts of the account.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import {
  BooleanText,
  EmptyReply,
  IntText,
  key,
  make,
  optionalKey,
  optionalParameter,
  pagingFields
} from "./Operation.js"

/**
 * A context as the account's service tells of it. Times are ISO 8601 texts in UTC.
 *
 * @since 0.1.0
 * @category models
 */
export const ContextData = Schema.Struct({
  createTime: optionalKey("CreateTime", Schema.String),
  id: key("Id", Schema.NonEmptyString),
  lastUsedTime: optionalKey("LastUsedTime", Schema.String),
  name: optionalKey("Name", Schema.String),
  osType: optionalKey("OsType", Schema.String),
  state: optionalKey("State", Schema.String)
})

/**
 * A persistent context by name (optionally created) or by id.
 *
 * @since 0.1.0
 * @category operations
 */
export const GetContext = make({
  action: "GetContext",
  // Creating by name is safe to repeat: an existing context is returned as it is.
  kind: "read",
  inQuery: [],
  payload: Schema.Struct({
    allowCreate: optionalParameter("AllowCreate", BooleanText),
    contextId: optionalParameter("ContextId", Schema.String),
    name: optionalParameter("Name", Schema.String),
    loginRegionId: optionalParameter("LoginRegionId", Schema.String)
  }),
  reply: Schema.Struct({ data: key("Data", ContextData) })
})

/**
 * One page of the contexts of the account. An empty or absent `NextToken` marks the last.
 *
 * @since 0.1.0
 * @category operations
 */
export const ListContexts = make({
  action: "ListContexts",
  kind: "read",
  inQuery: [],
  payload: Schema.Struct({
    maxResults: optionalParameter("MaxResults", IntText),
    nextToken: optionalParameter("NextToken", Schema.String),
    sessionId: optionalParameter("SessionId", Schema.String),
    contextType: optionalParameter("ContextType", Schema.String)
  }),
  reply: Schema.Struct({
    data: optionalKey("Data", Schema.Array(ContextData)),
    ...pagingFields
  })
})

/**
 * Gives a context another name. Nothing else about it can be changed.
 *
 * @since 0.1.0
 * @category operations
 */
export const ModifyContext = make({
  action: "ModifyContext",
  kind: "write",
  inQuery: [],
  payload: Schema.Struct({
    id: key("Id", Schema.String),
    name: key("Name", Schema.String)
  }),
  reply: EmptyReply
})

/**
 * Deletes a context with everything that is stored in it.
 *
 * @since 0.1.0
 * @category operations
 */
export const DeleteContext = make({
  action: "DeleteContext",
  kind: "write",
  inQuery: [],
  payload: Schema.Struct({ id: key("Id", Schema.String) }),
  reply: EmptyReply
})

/**
 * Begins to delete everything that is stored in a context; the context itself stays. How far
 * it is shows in the `State` that `GetContext` tells.
 *
 * @since 0.1.0
 * @category operations
 */
export const ClearContext = make({
  action: "ClearContext",
  kind: "write",
  inQuery: [],
  payload: Schema.Struct({ id: key("Id", Schema.String) }),
  reply: EmptyReply
})
