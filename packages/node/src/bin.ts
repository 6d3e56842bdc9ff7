#!/usr/bin/env node
/**
 * The executable `agentbay`.
 *
 * @since 0.1.0
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cli from "./Cli.js"

NodeRuntime.runMain(Cli.main, {
  disableErrorReporting: true,
  disablePrettyLogger: true,
  teardown: Cli.teardown
})
