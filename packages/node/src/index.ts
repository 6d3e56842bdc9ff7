/**
 * AgentBay on Node: layers, and Local AgentBay.
 *
 * @since 0.1.0
 */
export * as Faults from "./Faults.js"
export * as LocalAgentBay from "./LocalAgentBay.js"
export * as NodeAgentBay from "./NodeAgentBay.js"
export * as UndiciTransport from "./UndiciTransport.js"
