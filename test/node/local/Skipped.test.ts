import * as AgentBay from "@effect-agentbay/core/AgentBay"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as NodeAgentBay from "@effect-agentbay/node/NodeAgentBay"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { execFileSync } from "node:child_process"
import * as NodeFs from "node:fs"
import * as Wire from "./wire.js"
import { mount, prepare, tree, write } from "./workspace.js"

const provided = Effect.provide(LocalAgentBay.layerTest)

describe("what is neither a file nor a directory", () => {
  it.scopedLive("is left alone, counted and named, and no failure to other clients", () =>
    Effect.gen(function* () {
      const { id, session, store } = yield* prepare()
      write(session, { a: "1", "sub/b": "2" })
      const [plain] = yield* Wire.sync(id)
      assert.notProperty(plain, "skipped")
      assert.notProperty(plain, "skippedPaths")
      NodeFs.symlinkSync("/etc/passwd", `${session}/sub/out`)
      execFileSync("mkfifo", [`${session}/sub/pipe`])
      const [task] = yield* Wire.sync(id)
      assert.deepInclude(task, { status: "Success", errorMessage: "", skipped: 2 })
      assert.deepStrictEqual(task?.skippedPaths?.toSorted(), ["sub/out", "sub/pipe"])
      assert.deepStrictEqual(tree(store), { a: "1", "sub/b": "2" })
      for (let index = 0; index < 20; index++) {
        NodeFs.symlinkSync("nowhere", `${session}/link ${index}`)
      }
      const [many] = yield* Wire.sync(id)
      assert.strictEqual(many?.skipped, 22)
      assert.lengthOf(many?.skippedPaths ?? [], 10)
    }).pipe(provided)
  )

  it.scopedLive("is told by the client of this library", () =>
    Effect.gen(function* () {
      const { contextId, id, session } = yield* prepare()
      write(session, { a: "1" })
      NodeFs.symlinkSync("a", `${session}/link`)
      const { apiKey, url } = yield* LocalAgentBay.LocalAgentBay
      const context = yield* Layer.build(NodeAgentBay.layer({ apiKey, endpoint: url }))
      const result = yield* Effect.flatMap(AgentBay.AgentBay, (agentBay) =>
        Effect.flatMap(agentBay.get(id), ({ contextManager }) =>
          contextManager.sync({ contextId, path: mount })
        )
      ).pipe(Effect.provide(context))
      assert.strictEqual(result.outcome, "Completed")
      assert.deepInclude(result.contextStatusData[0], { skipped: 1, skippedPaths: ["link"] })
    }).pipe(provided)
  )
})
