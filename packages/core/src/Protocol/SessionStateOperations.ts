/**
 * Operations that change or tell the state of a session that exists.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import {
  EmptyReply,
  IntText,
  key,
  Labels,
  make,
  optionalKey,
  optionalParameter,
  pagingFields
} from "./Operation.js"

const sessionPayload = Schema.Struct({ sessionId: key("SessionId", Schema.String) })

/**
 * The release of a session under the name that clients before December 2025 used for it.
 *
 * @since 0.1.0
 * @category operations
 */
export const ReleaseMcpSession = make({
  action: "ReleaseMcpSession",
  kind: "write",
  inQuery: [],
  payload: sessionPayload,
  reply: EmptyReply
})

/**
 * Begins to pause a session: `PAUSING`, then `PAUSED` in `GetSession`.
 *
 * @since 0.1.0
 * @category operations
 */
export const PauseSessionAsync = make({
  action: "PauseSessionAsync",
  kind: "write",
  inQuery: [],
  payload: sessionPayload,
  reply: EmptyReply
})

/**
 * Begins to wake a paused session: `RESUMING`, then `RUNNING` in `GetSession`.
 *
 * @since 0.1.0
 * @category operations
 */
export const ResumeSessionAsync = make({
  action: "ResumeSessionAsync",
  kind: "write",
  inQuery: [],
  payload: sessionPayload,
  reply: EmptyReply
})

/**
 * Tells the service that a session is still in use, so that it is not released as idle.
 *
 * @since 0.1.0
 * @category operations
 */
export const RefreshSessionIdleTime = make({
  action: "RefreshSessionIdleTime",
  // To say it twice is to say it once.
  kind: "read",
  inQuery: [],
  payload: sessionPayload,
  reply: EmptyReply
})

/**
 * Replaces all labels of a session.
 *
 * @since 0.1.0
 * @category operations
 */
export const SetLabel = make({
  action: "SetLabel",
  kind: "write",
  inQuery: [],
  payload: Schema.Struct({
    labels: key("Labels", Schema.parseJson(Labels)),
    sessionId: key("SessionId", Schema.String)
  }),
  reply: EmptyReply
})

// No text at all says that there are none; any other that is no map of texts is an error.
const LabelsText = Schema.compose(
  Schema.transform(Schema.String, Schema.String, {
    strict: true,
    decode: (text) => (text.trim() === "" ? "{}" : text),
    encode: (text) => text
  }),
  Schema.parseJson(Labels)
)

/**
 * The labels of a session, as a JSON text.
 *
 * @since 0.1.0
 * @category operations
 */
export const GetLabel = make({
  action: "GetLabel",
  kind: "read",
  inQuery: [],
  payload: Schema.Struct({
    maxResults: optionalParameter("MaxResults", IntText),
    nextToken: optionalParameter("NextToken", Schema.String),
    sessionId: key("SessionId", Schema.String)
  }),
  reply: Schema.Struct({
    data: optionalKey("Data", Schema.Struct({ labels: optionalKey("Labels", LabelsText) })),
    ...pagingFields
  })
})

/**
 * What a viewer needs to show the desktop of a session. `AuthCode` and `Ticket` open it, so
 * they are kept like passwords.
 *
 * @since 0.1.0
 * @category operations
 */
export const GetMcpResource = make({
  action: "GetMcpResource",
  kind: "read",
  inQuery: [],
  payload: sessionPayload,
  reply: Schema.Struct({
    data: key(
      "Data",
      Schema.Struct({
        sessionId: optionalKey("SessionId", Schema.String),
        resourceUrl: optionalKey("ResourceUrl", Schema.String),
        desktopInfo: optionalKey(
          "DesktopInfo",
          Schema.Struct({
            appId: optionalKey("AppId", Schema.String),
            authCode: optionalKey("AuthCode", Schema.Redacted(Schema.String)),
            connectionProperties: optionalKey("ConnectionProperties", Schema.String),
            resourceId: optionalKey("ResourceId", Schema.String),
            resourceType: optionalKey("ResourceType", Schema.String),
            ticket: optionalKey("Ticket", Schema.Redacted(Schema.String))
          })
        )
      })
    )
  })
})

/**
 * A URL that leads to a port inside a session.
 *
 * @since 0.1.0
 * @category operations
 */
export const GetLink = make({
  action: "GetLink",
  kind: "read",
  inQuery: [],
  payload: Schema.Struct({
    port: optionalParameter("Port", IntText),
    protocolType: optionalParameter("ProtocolType", Schema.String),
    sessionId: key("SessionId", Schema.String),
    option: optionalParameter("Option", Schema.String)
  }),
  reply: Schema.Struct({
    data: key("Data", Schema.Struct({ url: key("Url", Schema.Redacted(Schema.String)) }))
  })
})
