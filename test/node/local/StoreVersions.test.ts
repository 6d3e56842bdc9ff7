import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as DataDirectory from "../../../packages/node/src/local/DataDirectory.js"
import * as State from "../../../packages/node/src/local/State.js"
import * as StoreVersions from "../../../packages/node/src/local/contexts/StoreVersions.js"
import { overlaps } from "../../../packages/node/src/local/sync/TransferQueue.js"
import { temporaryDirectory } from "./life.js"

const binding = (sessionId: string, mount: string, contextId = "c", mapped = "") => ({
  sessionId,
  binding: { contextId, mount, policy: { mappingPolicy: { path: mapped } } }
})

/** Versions over an empty state file. */
const fresh = Effect.gen(function* () {
  const directory = DataDirectory.layout(yield* temporaryDirectory)
  const state = yield* State.make.pipe(
    Effect.provideService(DataDirectory.DataDirectory, directory)
  )
  return yield* Effect.provideService(StoreVersions.make, State.State, state)
})

describe("StoreVersions", () => {
  it.scopedLive("what comes by no session was seen by none that has to do with its path", () =>
    Effect.gen(function* () {
      const versions = yield* fresh
      const at = binding("s", "/w")
      const above = binding("t", "/w/deep/er")
      const beside = binding("s", "/wx")
      const other = binding("s", "/w/o", "other")
      // What counts is where the files are stored, not where they are mounted.
      const mapped = binding("u", "/mounted", "c", "/w/deep")
      for (const of of [at, above, beside, other, mapped]) versions.see(of)
      assert.strictEqual(versions.outdate("c", "/w/deep").length, 3)
      assert.deepStrictEqual([at, above, beside, other, mapped].map(versions.hasSeen), [
        false,
        false,
        true,
        true,
        false
      ])
      assert.strictEqual(versions.outdate("c", "/").length, 1)
      assert.isFalse(versions.hasSeen(beside))
      assert.isTrue(versions.hasSeen(other))
      versions.see(at)
      assert.isTrue(versions.hasSeen(at))
    })
  )

  it.scopedLive(
    "an upload that changed nothing does not make up for what it missed meanwhile",
    () =>
      Effect.gen(function* () {
        const versions = yield* fresh
        const own = binding("s", "/w")
        versions.see(own)
        versions.raise("c", "/w/x", [own])
        assert.isTrue(versions.hasSeen(own))
        versions.outdate("c", "/w/y")
        versions.lower("c", "/w/x", [own])
        assert.isFalse(versions.hasSeen(own))

        versions.see(own)
        versions.raise("c", "/w/x", [own])
        versions.raise("c", "/w/y", [])
        versions.lower("c", "/w/x", [own])
        assert.isFalse(versions.hasSeen(own))
      })
  )

  it.scopedLive(
    "a change counts for what lies at, above and below its path, and nothing else",
    () =>
      Effect.gen(function* () {
        const versions = yield* fresh
        const places = ["/a", "/a/b", "/a/b/c", "/a/d", "/ab"]
        const all = places.map((path, index) => binding(`s${index}`, `/m${index}`, "c", path))
        for (const changed of places) {
          for (const of of all) versions.see(of)
          versions.raise("c", changed, [])
          assert.deepStrictEqual(
            all.map(versions.hasSeen),
            places.map((path) => !overlaps(path, changed)),
            changed
          )
        }
      })
  )
})
