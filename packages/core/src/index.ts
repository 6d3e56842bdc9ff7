/**
 * AgentBay's context manager, sessions and contexts as Effects.
 *
 * @since 0.1.0
 */
export * as AgentBay from "./AgentBay.js"
export * as AgentBayConfig from "./AgentBayConfig.js"
export * as AgentBayError from "./AgentBayError.js"
export * as AgentBayHttp from "./AgentBayHttp.js"
export * as AgentBayMetrics from "./AgentBayMetrics.js"
export * as AgentBayTest from "./AgentBayTest.js"
export * as ContextFiles from "./ContextFiles.js"
export * as Contexts from "./Contexts.js"
export * as ContextManager from "./ContextManager.js"
export * as ContextStatus from "./ContextStatus.js"
export * as ContextSync from "./ContextSync.js"
export * as HttpTransport from "./HttpTransport.js"
export * as Page from "./Page.js"
export * as PollPolicy from "./PollPolicy.js"
export * as Protocol from "./Protocol.js"
export * as Session from "./Session.js"
export * as SessionFiles from "./SessionFiles.js"
export * as SessionShell from "./SessionShell.js"
export * as SessionTools from "./SessionTools.js"
export * as SyncHandle from "./SyncHandle.js"
export * as SyncMany from "./SyncMany.js"
export * as SyncOptions from "./SyncOptions.js"
export * as SyncPolicy from "./SyncPolicy.js"
