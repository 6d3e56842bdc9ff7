import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as NodeFs from "node:fs"
import * as Wire from "./wire.js"

/** Whether this machine has a bubblewrap that may do its work; found without our own code. */
export const isolates = (() => {
  try {
    execFileSync(
      "bwrap",
      ["--unshare-user", "--unshare-pid", "--unshare-net", "--ro-bind", "/", "/", "true"],
      { stdio: "ignore" }
    )
    return true
  } catch {
    return false
  }
})()

export interface Ran {
  readonly stdout: string
  readonly stderr: string
  readonly exit_code: number
  readonly traceId: string
  readonly isError: boolean
}

/** Runs a command in a session and reads the answer the way the official clients do. */
export const run = (sessionId: string, command: string, more: object = {}) =>
  Effect.map(Wire.tool(sessionId, "shell", { command, ...more }), ({ isError, text }): Ran => {
    if (!text.startsWith("{")) throw new Error(text)
    return { ...JSON.parse(text), isError }
  })

/** How many processes of this machine have this word on their command line. */
export const processesWith = (word: string): number =>
  NodeFs.readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return NodeFs.readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").includes(word)
      } catch {
        return false
      }
    }).length
