/**
 * Operations on the files that are stored in a context. Paths are absolute, as a session sees
 * them that mounts the context.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { EmptyReply, IntText, key, make, optionalKey, optionalParameter } from "./Operation.js"

/**
 * One page of the direct children of a folder. `Count` is the number of all children.
 *
 * @since 0.1.0
 * @category operations
 */
export const DescribeContextFiles = make({
  action: "DescribeContextFiles",
  kind: "read",
  inQuery: [],
  payload: Schema.Struct({
    pageNumber: optionalParameter("PageNumber", IntText),
    pageSize: optionalParameter("PageSize", IntText),
    parentFolderPath: optionalParameter("ParentFolderPath", Schema.String),
    contextId: key("ContextId", Schema.String)
  }),
  reply: Schema.Struct({
    count: optionalKey("Count", Schema.Int),
    data: optionalKey(
      "Data",
      Schema.Array(
        Schema.Struct({
          fileId: optionalKey("FileId", Schema.String),
          fileName: key("FileName", Schema.String),
          filePath: optionalKey("FilePath", Schema.String),
          fileType: optionalKey("FileType", Schema.String),
          gmtCreate: optionalKey("GmtCreate", Schema.String),
          gmtModified: optionalKey("GmtModified", Schema.String),
          size: optionalKey("Size", Schema.Number),
          status: optionalKey("Status", Schema.String)
        })
      )
    )
  })
})

const urlPayload = Schema.Struct({
  contextId: key("ContextId", Schema.String),
  filePath: key("FilePath", Schema.String)
})

// Whoever has the URL may read or write the file, so it is kept like a password.
const urlReply = Schema.Struct({
  data: key(
    "Data",
    Schema.Struct({
      expireTime: optionalKey("ExpireTime", Schema.Number),
      url: key("Url", Schema.Redacted(Schema.NonEmptyString))
    })
  )
})

/**
 * A URL to which the bytes of a file can be `PUT` for one hour.
 *
 * @since 0.1.0
 * @category operations
 */
export const GetContextFileUploadUrl = make({
  action: "GetContextFileUploadUrl",
  kind: "read",
  inQuery: [],
  payload: urlPayload,
  reply: urlReply
})

/**
 * A URL from which the bytes of a file can be read for one hour.
 *
 * @since 0.1.0
 * @category operations
 */
export const GetContextFileDownloadUrl = make({
  action: "GetContextFileDownloadUrl",
  kind: "read",
  inQuery: [],
  payload: urlPayload,
  reply: urlReply
})

/**
 * Deletes one stored file.
 *
 * @since 0.1.0
 * @category operations
 */
export const DeleteContextFile = make({
  action: "DeleteContextFile",
  kind: "write",
  inQuery: [],
  payload: urlPayload,
  reply: EmptyReply
})

/**
 * The contexts that the service itself keeps for a session, such as the one through which
 * single files travel. TypeScript clients send it as `GET` with everything in the query, others
 * as `POST` with a form; this library only answers it.
 *
 * @since 0.1.0
 * @category operations
 */
export const GetAndLoadInternalContext = make({
  action: "GetAndLoadInternalContext",
  kind: "read",
  inQuery: ["Authorization", "SessionId", "ContextTypes.1"],
  payload: Schema.Struct({
    contextType: optionalParameter("ContextTypes.1", Schema.String),
    sessionId: key("SessionId", Schema.String)
  }),
  reply: Schema.Struct({
    data: optionalKey(
      "Data",
      Schema.Array(
        Schema.Struct({
          contextId: optionalKey("ContextId", Schema.String),
          contextPath: optionalKey("ContextPath", Schema.String),
          contextType: optionalKey("ContextType", Schema.String)
        })
      )
    )
  })
})
