// What of the tests is run in every runtime with every change: what stands closest to the
// runtime (its clock, texts, streams, sockets, errors), and one of each kind besides.
export const chosen = {
  core: [
    "test/core/AgentBay.test.ts",
    "test/core/AgentBayConfig.test.ts",
    "test/core/AgentBayError.test.ts",
    "test/core/AgentBayHttp.envelope.test.ts",
    "test/core/ContextFiles/get.test.ts",
    "test/core/ContextFiles/secrets.test.ts",
    "test/core/ContextManager/faults.test.ts",
    "test/core/ContextManager/handles.test.ts",
    "test/core/ContextManager/interruption.test.ts",
    "test/core/ContextManager/tokens.test.ts",
    "test/core/Protocol.requests.test.ts",
    "test/core/SessionFiles.test.ts",
    "test/core/pages.test.ts",
    "test/core/secrets.broken.test.ts"
  ],
  node: [
    "test/node/LocalAgentBay.test.ts",
    "test/node/NodeAgentBay.test.ts",
    "test/node/UndiciTransport.connections.test.ts",
    "test/node/UndiciTransport.test.ts",
    "test/node/local/Archive.test.ts",
    "test/node/local/FileRoute.test.ts",
    "test/node/local/Tls.test.ts",
    "test/node/local/Transfer.test.ts"
  ]
}
