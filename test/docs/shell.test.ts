import { assert, beforeAll, describe, it } from "@effect/vitest"
import { documentBlocks, placeOf, read } from "./blocks.js"
import * as Shell from "./shell.js"

const called = (program: Shell.CommandLine["program"]) =>
  Shell.commandLines
    .filter((line) => line.program === program)
    .map((line) => [`${line.place} ${line.words.join(" ")}`, line.words] as const)

describe("commands in the pages exist, with their options", () => {
  let commands: ReadonlyMap<string, ReadonlyArray<string>> = new Map()

  beforeAll(async () => {
    commands = await Shell.readCommands()
  }, 60_000)

  it("the help pages could be read", () => {
    assert.isTrue((commands.get("sync") ?? []).includes("--interval"), [...commands].join("; "))
  })

  it.each(called("agentbay"))("agentbay: %s", (_, words) =>
    assert.deepStrictEqual(Shell.unknownWords(words, commands), [])
  )

  it("every command has its place in the page about the command line", () => {
    const page = read("docs/guide/cli.md")
    const missing = [...commands].flatMap(([name, options]) =>
      [`agentbay ${name}`, ...options].filter((word) => !page.includes(word))
    )
    assert.deepStrictEqual(missing, [])
  })

  const scripts = Object.keys(JSON.parse(read("package.json")).scripts)

  it.each(called("pnpm"))("pnpm: %s", (_, words) => {
    const script = words.find((word) => !word.startsWith("-"))
    assert.include([...scripts, "install", "exec"], script)
  })

  it("an unknown command and an unknown option are found", () => {
    assert.deepStrictEqual(Shell.unknownWords(["fly"], commands), ["fly"])
    assert.deepStrictEqual(Shell.unknownWords(["sync", "--fast"], commands), ["--fast"])
  })
})

describe("shell blocks that are to be run end well", () => {
  const runnable = Shell.shellBlocks.filter(({ words }) => words.includes("run"))

  it.concurrent.each(runnable.map((block) => [placeOf(block), block] as const))(
    "%s",
    async (_, block) => {
      const ended = await Shell.runBlock(block)
      assert.strictEqual(ended.code, 0, ended.stderr)
    },
    // Each line is a process, and on a busy machine each takes its seconds.
    180_000
  )
})

/** Output without what differs from run to run: paths of the machine, ids, times and rates. */
const lasting = (output: string): ReadonlyArray<string> =>
  output
    .replaceAll(/\S*(?=\/(?:\.agentbay|packages\/node\/demo)\b)/g, "…")
    .replaceAll(/SdkCtx-\w+/g, "SdkCtx")
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1")
    .replaceAll(/\d\d:\d\d:\d\d/g, "time")
    .replaceAll(/(?:\d+ min )?[\d.]+ m?s\b/g, "duration")
    .replaceAll(/, [\d.]+ (?:B|[KMG]iB)\/s/g, "")
    .replaceAll(/ +/g, " ")
    .trim()
    .split("\n")
    // On a busy machine a step tells how far it is in between.
    .filter((line) => !/: \d\d? %/.test(line))

describe("the demo prints what the README shows", () => {
  const shown = documentBlocks.filter(({ words }) => words.join(" ") === "text demo")

  it.each(shown.map((block) => [placeOf(block), block] as const))("%s", async (_, block) => {
    const { code, stdout } = await Shell.runBlock({ ...block, code: "agentbay demo 2>&1" })
    assert.strictEqual(code, 0, stdout)
    assert.deepStrictEqual(lasting(stdout), lasting(block.code))
  })
})
