import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { run } from "./harness.js"

it.live("serve knows --unsafe-shell, and its help says what that means", () =>
  Effect.gen(function* () {
    const help = yield* run(["serve", "--help"])
    assert.match(help.stdout, /--unsafe-shell[\s\S]*without isolation/)
    // It gets as far as to the port that cannot be.
    const wrong = yield* run(["serve", "--unsafe-shell", "--port", "70000"])
    assert.strictEqual(wrong.code, 2)
    assert.include(wrong.stderr, "--port must be")
  })
)
