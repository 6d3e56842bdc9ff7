import { execFile } from "node:child_process"
import * as NodeFs from "node:fs"
import * as NodeOs from "node:os"
import * as NodePath from "node:path"
import { fileURLToPath } from "node:url"
import { type Block, commentBlocks, documentBlocks, placeOf, root } from "./blocks.js"

/** A TypeScript block, as a module of its own. */
export interface Example {
  readonly place: string
  /** The module's name, without an extension. */
  readonly name: string
  readonly code: string
  /**
   * `compile`: not to be run; `import`: runs when it is imported, together with others;
   * `process`: needs a process of its own; `tests`: its tests run with ours.
   */
  readonly kind: "compile" | "import" | "process" | "tests"
  /** What it prints, where the page says so. */
  readonly output: string | undefined
}

const folder = NodePath.join(root, "test", ".docs")

const kindOf = (block: Block, output: string | undefined): Example["kind"] => {
  if (block.words.includes("no-run")) return "compile"
  if (block.code.includes('"@effect/vitest"')) return "tests"
  return output !== undefined || block.code.includes("runMain") ? "process" : "import"
}

// The output belongs to the program before it on the same page.
const outputOf = (block: Block, following: ReadonlyArray<Block>): string | undefined => {
  const next = following.find(
    ({ words }) => words[0] === "ts" || (words[0] === "text" && words.includes("output"))
  )
  return next?.words[0] === "text" && next.file === block.file ? next.code.trim() : undefined
}

/** Every example of the pages and of the doc comments. */
export const examples: ReadonlyArray<Example> = [documentBlocks, commentBlocks].flatMap((blocks) =>
  blocks.flatMap((block, index) => {
    if (block.words[0] !== "ts") return []
    const output = outputOf(block, blocks.slice(index + 1))
    const path = block.file.replace(/^packages\/|\.(md|ts)$/g, "").replaceAll("/", "-")
    return [
      {
        place: placeOf(block),
        name: `${path}-${block.line}`,
        // Lines are numbered as on the page, so the compiler's messages point there.
        code: `${"\n".repeat(block.line - 1)}${block.code}\n`,
        kind: kindOf(block, output),
        output
      }
    ]
  })
)

/** The path of an example's source. */
export const sourceOf = ({ name }: Example): string => NodePath.join(folder, `${name}.ts`)

const compiled = ({ name }: Example): string => NodePath.join(folder, "out", `${name}.js`)

const project = JSON.stringify({
  extends: "../../tsconfig.base.json",
  compilerOptions: {
    types: ["node"],
    composite: false,
    declarationMap: false,
    moduleDetection: "force",
    // An example ends where the reader's own program goes on.
    noUnusedLocals: false,
    rootDir: ".",
    outDir: "out"
  },
  include: ["*.ts"]
})

/** Writes the examples down; what is there already is left alone, for a watching vitest. */
export const writeAll = (): void => {
  NodeFs.mkdirSync(folder, { recursive: true })
  const wanted = new Map(examples.map(({ code, name }) => [`${name}.ts`, code]))
  wanted.set("tsconfig.json", project)
  for (const name of NodeFs.readdirSync(folder)) {
    if (name.endsWith(".ts") && !wanted.has(name)) NodeFs.rmSync(NodePath.join(folder, name))
  }
  for (const [name, text] of wanted) {
    const path = NodePath.join(folder, name)
    if (!NodeFs.existsSync(path) || NodeFs.readFileSync(path, "utf8") !== text) {
      NodeFs.writeFileSync(path, text)
    }
  }
}

/** How a process ended. */
export interface Ended {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program until its end, at most for half a minute, in an empty folder and without
 * settings of AgentBay.
 */
export const execute = (command: string, args: ReadonlyArray<string>): Promise<Ended> => {
  const cwd = NodeFs.mkdtempSync(NodePath.join(NodeOs.tmpdir(), "agentbay-docs-"))
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(AGENTBAY_|FORCE_COLOR$|NODE_OPTIONS$)/.test(name)
    )
  )
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      { cwd, env: { ...env, NO_COLOR: "1" }, timeout: 120_000, killSignal: "SIGKILL" },
      (error, stdout, stderr) => {
        NodeFs.rmSync(cwd, { recursive: true, force: true })
        resolve({ code: error === null ? 0 : (error.code ?? "stopped"), stdout, stderr })
      }
    )
  })
}

/** Compiles all examples in one run; the messages by the name of the example. */
export const compileAll = async (): Promise<ReadonlyMap<string, ReadonlyArray<string>>> => {
  NodeFs.rmSync(NodePath.join(folder, "out"), { recursive: true, force: true })
  const tsc = NodePath.join(root, "node_modules", "typescript", "bin", "tsc")
  const { code, stderr, stdout } = await execute(process.execPath, [
    tsc,
    "-p",
    folder,
    "--pretty",
    "false"
  ])
  const messages = new Map<string, Array<string>>()
  for (const line of stdout.split("\n")) {
    const [, name, message] = /([^/\\]+)\.ts(\(\d+,\d+\): error .*)$/.exec(line) ?? []
    if (name === undefined || message === undefined) continue
    messages.set(name, [...(messages.get(name) ?? []), message])
  }
  if (code !== 0 && messages.size === 0) throw new Error(`tsc failed: ${stdout}${stderr}`)
  return messages
}

const importer = fileURLToPath(new URL("./importAll.mjs", import.meta.url))

/** Imports the examples in one process; what went wrong by the name of the example. */
export const importAll = async (
  chosen: ReadonlyArray<Example>
): Promise<ReadonlyMap<string, string>> => {
  const ended = await execute(process.execPath, [importer, ...chosen.map(compiled)])
  const [, report] = /^REPORT (.*)$/m.exec(ended.stderr) ?? []
  if (report === undefined) throw new Error(`The examples ended early: ${ended.stderr}`)
  const entries: ReadonlyArray<readonly [string, string]> = JSON.parse(report)
  return new Map(entries.map(([path, fault]) => [NodePath.basename(path, ".js"), fault]))
}

/** Runs an example in a process of its own. */
export const run = (example: Example): Promise<Ended> =>
  execute(process.execPath, [compiled(example)])
