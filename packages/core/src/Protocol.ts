/**
 * The wire, described once: every operation of the AgentBay API that this library speaks.
 * Client, Local AgentBay and tests use the same values.
 *
 * @since 0.1.0
 */
import * as ContextFileOperations from "./Protocol/ContextFileOperations.js"
import * as ContextOperations from "./Protocol/ContextOperations.js"
import * as ContextStoreOperations from "./Protocol/ContextStoreOperations.js"
import type { Any } from "./Protocol/Operation.js"
import * as SessionOperations from "./Protocol/SessionOperations.js"
import * as SessionStateOperations from "./Protocol/SessionStateOperations.js"
import * as ToolOperations from "./Protocol/ToolOperations.js"

export * from "./Protocol/ContextFileOperations.js"
export * from "./Protocol/ContextOperations.js"
export * from "./Protocol/ContextStoreOperations.js"
export { issuesOf } from "./Protocol/Issue.js"
export {
  type Any,
  apiVersion,
  BooleanText,
  EmptyReply,
  IntText,
  key,
  Labels,
  make,
  type Operation,
  optionalKey,
  optionalParameter,
  pagingFields,
  type Parameters
} from "./Protocol/Operation.js"
export * from "./Protocol/SessionOperations.js"
export * from "./Protocol/SessionStateOperations.js"
export * from "./Protocol/ToolOperations.js"

/**
 * All operations by the name of their action.
 *
 * @since 0.1.0
 * @category operations
 */
export const operations = {
  BindContexts: ContextOperations.BindContexts,
  CallMcpTool: ToolOperations.CallMcpTool,
  ClearContext: ContextStoreOperations.ClearContext,
  CreateMcpSession: SessionOperations.CreateMcpSession,
  DeleteContext: ContextStoreOperations.DeleteContext,
  DeleteContextFile: ContextFileOperations.DeleteContextFile,
  DeleteSessionAsync: SessionOperations.DeleteSessionAsync,
  DescribeContextFiles: ContextFileOperations.DescribeContextFiles,
  DescribeSessionContexts: ContextOperations.DescribeSessionContexts,
  GetAndLoadInternalContext: ContextFileOperations.GetAndLoadInternalContext,
  GetContext: ContextStoreOperations.GetContext,
  GetContextFileDownloadUrl: ContextFileOperations.GetContextFileDownloadUrl,
  GetContextFileUploadUrl: ContextFileOperations.GetContextFileUploadUrl,
  GetContextInfo: ContextOperations.GetContextInfo,
  GetLabel: SessionStateOperations.GetLabel,
  GetLink: SessionStateOperations.GetLink,
  GetMcpResource: SessionStateOperations.GetMcpResource,
  GetSession: SessionOperations.GetSession,
  GetSessionDetail: SessionOperations.GetSessionDetail,
  ListContexts: ContextStoreOperations.ListContexts,
  ListMcpTools: ToolOperations.ListMcpTools,
  ListSession: SessionOperations.ListSession,
  ModifyContext: ContextStoreOperations.ModifyContext,
  PauseSessionAsync: SessionStateOperations.PauseSessionAsync,
  RefreshSessionIdleTime: SessionStateOperations.RefreshSessionIdleTime,
  ReleaseMcpSession: SessionStateOperations.ReleaseMcpSession,
  ResumeSessionAsync: SessionStateOperations.ResumeSessionAsync,
  SetLabel: SessionStateOperations.SetLabel,
  SyncContext: ContextOperations.SyncContext
} as const satisfies { readonly [action: string]: Any }
