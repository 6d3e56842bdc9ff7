// Processes of the runs in other runtimes. None outlives the run, whatever happens.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"

const running = new Set()

/** Ends at once what still runs. */
export const endAll = () => {
  for (const child of running) child.kill("SIGKILL")
}

/** Starts a program. All that it prints on standard error is kept in `said`. */
export const start = ([command, ...args], { cwd, env = {}, stdio = "pipe" } = {}) => {
  const streams = ["pipe", "pipe", "pipe", ...(stdio === "control" ? ["pipe"] : [])]
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: streams })
  running.add(child)
  const started = { child, said: "" }
  child.stderr.on("data", (bytes) => {
    started.said += bytes
  })
  started.ended = Promise.race([
    once(child, "close").then(([code, signal]) => code ?? signal),
    once(child, "error").then(([error]) => error.message)
  ]).finally(() => running.delete(child))
  // Who started it waits for its end later, or not at all.
  started.ended.catch(() => undefined)
  return started
}

const within = async (seconds, promise, late) => {
  let timer
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(late)), seconds * 1000)
  })
  try {
    return await Promise.race([promise, limit])
  } finally {
    clearTimeout(timer)
  }
}

/** The first line of a stream of a process, as JSON. */
export const firstLine = async ({ ended, ...started }, stream, seconds = 60) => {
  const lines = createInterface({ input: stream })
  try {
    const ends = ended.then((code) => {
      throw new Error(`it ended (${code}) before it answered: ${started.said}`)
    })
    const [line] = await within(
      seconds,
      Promise.race([once(lines, "line"), ends]),
      `no answer in ${seconds} s: ${started.said}`
    )
    return JSON.parse(line)
  } finally {
    lines.close()
  }
}

/** Asks a process to end, and makes it when it does not. */
export const end = async ({ child, ended }, signal) => {
  if (signal === undefined) child.stdin.end()
  else child.kill(signal)
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000)
  await ended
  clearTimeout(timer)
}

/** Runs a program to its end; gives its exit code and what it printed. */
export const run = async (command, { seconds, ...options }) => {
  const started = start(command, options)
  started.child.stdin.end()
  let printed = ""
  started.child.stdout.on("data", (bytes) => {
    printed += bytes
  })
  try {
    const code = await within(seconds, started.ended, `it took longer than ${seconds} s`)
    return { code, printed: printed + started.said }
  } catch (error) {
    started.child.kill("SIGKILL")
    throw new Error(`${error.message}\n${(printed + started.said).slice(-4000)}`, { cause: error })
  }
}
