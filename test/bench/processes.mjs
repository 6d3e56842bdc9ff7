// Processes of the benchmarks: each measured thing has one of its own, so that its CPU time
// and its memory are counted alone. None outlives the benchmark, whatever happens.
import { fork } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const running = new Set()
const homes = new Set()

/** Ends at once what still runs, and removes what it has left in memory. */
export const endAll = () => {
  for (const child of running) child.kill("SIGKILL")
  for (const home of homes) rmSync(home, { force: true, maxRetries: 5, recursive: true })
  homes.clear()
}

// Waiting is measured, and not the disk that thousands of folders are made on.
const memory = existsSync("/dev/shm") ? "/dev/shm" : tmpdir()

const start = (file, args, { env = process.env, execArgv = [] } = {}) => {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, { env, execArgv })
  running.add(child)
  child.once("exit", () => running.delete(child))
  return child
}

/** The next message of a process; an error when it ends before that, or takes too long. */
const answerOf = async (child, name, seconds) => {
  const left = new AbortController()
  const { signal } = left
  const timer = setTimeout(() => left.abort(), seconds * 1000)
  try {
    const [answer] = await Promise.race([
      once(child, "message", { signal }),
      once(child, "exit", { signal }).then(([code, cause]) => {
        throw new Error(`${name} ended before it answered (${cause ?? `exit code ${code}`})`)
      })
    ])
    if (answer.failed !== undefined) throw new Error(`${name}: ${answer.failed}`)
    return answer
  } catch (error) {
    if (error.name !== "AbortError") throw error
    throw new Error(`${name} took longer than ${seconds} s`, { cause: error })
  } finally {
    clearTimeout(timer)
    left.abort()
  }
}

const ended = async (child) => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, "exit")
  const timer = setTimeout(() => child.kill("SIGKILL"), 20_000)
  if (child.connected) child.disconnect()
  await gone
  clearTimeout(timer)
}

/**
 * Starts Local AgentBay, and ends it after `use`. `sessions(count, targets)` makes
 * sessions there, each with so many empty folders to sync, and gives their ids.
 */
export const withServer = async (lasts, use) => {
  const home = mkdtempSync(join(memory, "agentbay-bench-"))
  homes.add(home)
  const env = { ...process.env, TMPDIR: home }
  const child = start("./server.mjs", lasts === undefined ? [] : [lasts], { env })
  try {
    const { server } = await answerOf(child, "the server", 30)
    const sessions = async (count, targets) => {
      child.send({ sessions: count, targets })
      const { sessionIds } = await answerOf(child, "making sessions", 120)
      return sessionIds
    }
    return await use({ ...server, sessions })
  } finally {
    // Not asked to end: it would first do away with thousands of transfers and folders that the
    // benchmarks remove as a whole.
    child.kill("SIGKILL")
    await ended(child)
    homes.delete(home)
    rmSync(home, { force: true, maxRetries: 5, recursive: true })
  }
}

/**
 * Runs one measurement in a process of its own: `file` is a module of this directory that
 * sends `{ result }` or `{ failed }` when it has got its task.
 */
export const measured = async (file, task, { execArgv, seconds = 120 } = {}) => {
  const name = `${file} ${JSON.stringify({ ...task, apiKey: undefined, sessionIds: undefined })}`
  const child = start(file, [], { execArgv })
  try {
    child.send(task)
    const { result } = await answerOf(child, name, seconds)
    return result
  } finally {
    await ended(child)
  }
}

/** The other side of {@link measured}. */
export const answer = (measure) => {
  process.once("message", (task) =>
    measure(task).then(
      (result) => process.send({ result }, () => process.disconnect()),
      (error) => {
        process.exitCode = 1
        process.send({ failed: error?.stack ?? String(error) }, () => process.disconnect())
      }
    )
  )
}
