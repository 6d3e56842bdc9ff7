import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import type * as Completions from "../../../packages/node/src/cli/Completions.js"
import * as Harness from "./harness.js"

/** What each shell is asked to complete: the words so far, the last one unfinished. */
const cases: ReadonlyArray<readonly [line: string, candidates: ReadonlyArray<string>]> = [
  ["agentbay con", ["context"]],
  ["agentbay session pa", ["pause"]],
  ["agentbay context r", ["rename", "remove", "rm"]],
  ["agentbay session create --la", ["--label"]],
  ["agentbay context ls notes --pa", ["--page", "--page-size"]],
  ["agentbay session keep-alive --j", ["--json"]],
  ["agentbay sync --session x --mo", ["--mode"]],
  ["agentbay sync --session x --res", ["--resume"]],
  ["agentbay sync --session x --de", ["--detach"]],
  ["agentbay sync --all --ti", ["--timeout"]]
]

const inBash = (script: string, line: string) => {
  const words = line.split(" ").map((word) => `'${word}'`)
  const program = `${script}
COMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}; _agentbay
printf '%s\\n' "\${COMPREPLY[@]}"`
  return spawnSync("bash", ["-c", program], { encoding: "utf8" })
}

const isThere = (shell: string) => spawnSync(shell, ["-c", "exit 0"]).status === 0

const inFish = (script: string, line: string) =>
  spawnSync("fish", ["-c", `${script}\ncomplete -C '${line}'`], { encoding: "utf8" })

const lines = (text: string) => text.split("\n").filter((line) => line !== "")

const scriptFor = (shell: Completions.Shell) =>
  Effect.map(Harness.run(["completions", shell]), ({ code, stdout }) => {
    assert.strictEqual(code, 0)
    return stdout
  })

describe("completions", () => {
  it.live("complete commands and their options in bash", () =>
    Effect.gen(function* () {
      const script = yield* scriptFor("bash")
      for (const [line, candidates] of cases) {
        const { stderr, stdout } = inBash(script, line)
        assert.deepStrictEqual(
          [lines(stdout).toSorted(), stderr],
          [candidates.toSorted(), ""],
          line
        )
      }
    })
  )

  it.live("complete the same in fish, where there is one", () =>
    Effect.gen(function* () {
      const script = yield* scriptFor("fish")
      assert.include(script, "complete -c agentbay")
      if (!isThere("fish")) return
      for (const [line, candidates] of cases) {
        const { stderr, stdout } = inFish(script, line)
        const found = lines(stdout).map((text) => text.split("\t")[0]!)
        assert.deepStrictEqual([found.toSorted(), stderr], [candidates.toSorted(), ""], line)
      }
    })
  )

  it.live("are a script that zsh can read, where there is one", () =>
    Effect.gen(function* () {
      const script = yield* scriptFor("zsh")
      assert.match(script, /^#compdef agentbay\n/)
      if (!isThere("zsh")) return
      // The completing functions need a line editor; stand-ins tell what they are called with.
      for (const [line, candidates] of cases) {
        const words = line.split(" ")
        const program = `compdef() { : }; compadd() { shift; print -l -- $@ }; _files() { : }
${script}
words=(${words.map((word) => `'${word}'`).join(" ")}); CURRENT=${words.length}; _agentbay`
        const { stderr, stdout } = spawnSync("zsh", ["-f", "-c", program], { encoding: "utf8" })
        const beginning = words.at(-1) ?? ""
        const found = lines(stdout).filter((word) => word.startsWith(beginning))
        assert.deepStrictEqual([found.toSorted(), stderr], [candidates.toSorted(), ""], line)
      }
    })
  )
})
