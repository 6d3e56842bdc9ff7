// The pnpm that runs us; any of the major version we use when something else does.
import { execFile } from "node:child_process"
import { basename } from "node:path"
import { promisify } from "node:util"

const { npm_execpath: runner = "" } = process.env

const [command, ...first] = basename(runner).startsWith("pnpm")
  ? /\.[cm]?js$/.test(runner)
    ? [process.execPath, runner]
    : [runner]
  : ["npx", "-y", "pnpm@12"]

/** Runs pnpm in a folder; gives what it printed. */
export const pnpm = async (cwd, ...args) => {
  const { stdout } = await promisify(execFile)(command, [...first, ...args], {
    cwd,
    maxBuffer: 64 * 2 ** 20,
    timeout: 300_000
  })
  return stdout
}
