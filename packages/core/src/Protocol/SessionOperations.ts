/**
 * Operations on sessions.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Binding } from "../ContextSync.js"
import { ToolListText } from "../internal/toolListCodec.js"
import {
  BooleanText,
  EmptyReply,
  IntText,
  key,
  Labels,
  make,
  optionalKey,
  optionalParameter,
  pagingFields
} from "./Operation.js"

/** What identifies a session to those who connect to it. */
const sessionFields = {
  appInstanceId: optionalKey("AppInstanceId", Schema.String),
  httpPort: optionalKey("HttpPort", Schema.String),
  linkUrl: optionalKey("LinkUrl", Schema.String),
  networkInterfaceIp: optionalKey("NetworkInterfaceIp", Schema.String),
  resourceId: optionalKey("ResourceId", Schema.String),
  resourceUrl: optionalKey("ResourceUrl", Schema.String),
  success: optionalKey("Success", Schema.Boolean),
  token: optionalKey("Token", Schema.Redacted(Schema.String)),
  toolList: optionalKey("ToolList", ToolListText),
  vpcResource: optionalKey("VpcResource", Schema.Boolean),
  wsUrl: optionalKey("WsUrl", Schema.String)
}

/**
 * Creates a session. `Data.Success: false` is a refusal although the envelope says yes;
 * `ErrMsg` then says why.
 *
 * @since 0.1.0
 * @category operations
 */
export const CreateMcpSession = make({
  action: "CreateMcpSession",
  kind: "write",
  inQuery: [],
  payload: Schema.Struct({
    contextId: optionalParameter("ContextId", Schema.String),
    enableRecord: optionalParameter("EnableRecord", BooleanText),
    externalUserId: optionalParameter("ExternalUserId", Schema.String),
    extraConfigs: optionalParameter("ExtraConfigs", Schema.String),
    imageId: optionalParameter("ImageId", Schema.String),
    labels: optionalParameter("Labels", Schema.parseJson(Labels)),
    loadSkill: optionalParameter("LoadSkill", BooleanText),
    loginRegionId: optionalParameter("LoginRegionId", Schema.String),
    mcpPolicyId: optionalParameter("McpPolicyId", Schema.String),
    networkId: optionalParameter("NetworkId", Schema.String),
    persistenceDataList: optionalParameter(
      "PersistenceDataList",
      Schema.parseJson(Schema.Array(Binding))
    ),
    sdkStats: optionalParameter("SdkStats", Schema.String),
    sessionId: optionalParameter("SessionId", Schema.String),
    skills: optionalParameter("Skills", Schema.String),
    timeout: optionalParameter("Timeout", IntText),
    vpcResource: optionalParameter("VpcResource", BooleanText)
  }),
  reply: Schema.Struct({
    data: key(
      "Data",
      Schema.Struct({
        ...sessionFields,
        errMsg: optionalKey("ErrMsg", Schema.String),
        sessionId: optionalKey("SessionId", Schema.String)
      })
    )
  })
})

/**
 * A live session by id.
 *
 * @since 0.1.0
 * @category operations
 */
export const GetSession = make({
  action: "GetSession",
  kind: "read",
  inQuery: [],
  payload: Schema.Struct({ sessionId: key("SessionId", Schema.String) }),
  reply: Schema.Struct({
    data: key(
      "Data",
      Schema.Struct({
        ...sessionFields,
        sessionId: optionalKey("SessionId", Schema.String),
        status: optionalKey("Status", Schema.String),
        // These keys alone are lower case on the wire.
        contexts: Schema.optionalWith(
          Schema.Array(
            Schema.Struct({
              id: Schema.optionalWith(Schema.String, { nullable: true }),
              name: Schema.optionalWith(Schema.String, { nullable: true })
            })
          ),
          { nullable: true }
        )
      })
    )
  })
})

/**
 * The state of a session, also for some time after its end (`DELETED`, `FINISH`).
 *
 * @since 0.1.0
 * @category operations
 */
export const GetSessionDetail = make({
  action: "GetSessionDetail",
  kind: "read",
  inQuery: ["SessionId"],
  payload: Schema.Struct({ sessionId: key("SessionId", Schema.String) }),
  reply: Schema.Struct({
    data: key(
      "Data",
      Schema.Struct({
        aliuid: optionalKey("Aliuid", Schema.String),
        apikeyId: optionalKey("ApikeyId", Schema.String),
        appInstanceGroupId: optionalKey("AppInstanceGroupId", Schema.String),
        appInstanceId: optionalKey("AppInstanceId", Schema.String),
        appUserId: optionalKey("AppUserId", Schema.String),
        bizType: optionalKey("BizType", Schema.Int),
        endReason: optionalKey("EndReason", Schema.String),
        id: optionalKey("Id", Schema.Int),
        imageId: optionalKey("ImageId", Schema.String),
        imageType: optionalKey("ImageType", Schema.String),
        isDeleted: optionalKey("IsDeleted", Schema.Int),
        policyId: optionalKey("PolicyId", Schema.String),
        regionId: optionalKey("RegionId", Schema.String),
        resourceConfigId: optionalKey("ResourceConfigId", Schema.String),
        status: key("Status", Schema.String)
      })
    )
  })
})

/**
 * One page of the live sessions of the account, filtered by labels and status.
 *
 * @since 0.1.0
 * @category operations
 */
export const ListSession = make({
  action: "ListSession",
  kind: "read",
  inQuery: [],
  payload: Schema.Struct({
    labels: key("Labels", Schema.parseJson(Labels)),
    maxResults: optionalParameter("MaxResults", IntText),
    nextToken: optionalParameter("NextToken", Schema.String),
    status: optionalParameter("Status", Schema.String)
  }),
  reply: Schema.Struct({
    data: optionalKey(
      "Data",
      Schema.Array(
        Schema.Struct({
          sessionId: key("SessionId", Schema.String),
          sessionStatus: optionalKey("SessionStatus", Schema.String)
        })
      )
    ),
    ...pagingFields
  })
})

/**
 * Asks for the release of a session. The end shows in {@link GetSessionDetail}.
 *
 * @since 0.1.0
 * @category operations
 */
export const DeleteSessionAsync = make({
  action: "DeleteSessionAsync",
  kind: "write",
  inQuery: [],
  payload: Schema.Struct({ sessionId: key("SessionId", Schema.String) }),
  reply: EmptyReply
})
