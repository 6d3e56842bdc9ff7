/**
 * The wire, described once: every operation of the AgentBay API that this library speaks.
 * Client, Local AgentBay and tests use the same values.
 *
 * @since 0.1.0
 */
import * as ContextOperations from "./Protocol/ContextOperations.js"
import type { Any } from "./Protocol/Operation.js"
import * as SessionOperations from "./Protocol/SessionOperations.js"
import * as ToolOperations from "./Protocol/ToolOperations.js"

export * from "./Protocol/ContextOperations.js"
export {
  type Any,
  BooleanText,
  EmptyReply,
  IntText,
  key,
  make,
  type Operation,
  optionalKey,
  optionalParameter,
  pagingFields,
  type Parameters
} from "./Protocol/Operation.js"
export * from "./Protocol/SessionOperations.js"
export * from "./Protocol/ToolOperations.js"

/**
 * The API version every request names.
 *
 * @since 0.1.0
 * @category constants
 */
export const apiVersion = "2025-05-06"

/**
 * All operations by the name of their action.
 *
 * @since 0.1.0
 * @category operations
 */
export const operations = {
  CallMcpTool: ToolOperations.CallMcpTool,
  CreateMcpSession: SessionOperations.CreateMcpSession,
  DeleteSessionAsync: SessionOperations.DeleteSessionAsync,
  DescribeSessionContexts: ContextOperations.DescribeSessionContexts,
  GetContext: ContextOperations.GetContext,
  GetContextInfo: ContextOperations.GetContextInfo,
  GetSession: SessionOperations.GetSession,
  GetSessionDetail: SessionOperations.GetSessionDetail,
  ListSession: SessionOperations.ListSession,
  SyncContext: ContextOperations.SyncContext
} as const satisfies { readonly [action: string]: Any }
