/**
 * Somebody who replaces files and directories by links and back, as quickly as can be: by symbolic
 * links, and files by hard ones too, where that is asked for.
 */
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"

export interface Spot {
  /** What is replaced: a directory or a file. */
  readonly path: string
  /** Where the link leads. */
  readonly target: string
  readonly kind: "directory" | "file"
  /** Whether every other link is a hard one. Only of a file of the same file system. */
  readonly hard?: boolean
}

// A thread of its own, so that it runs while the server is between two calls. Whatever the
// server makes of the place meanwhile, the next round goes on from there.
const program = `
  const fs = require("node:fs")
  const { parentPort, workerData } = require("node:worker_threads")
  const { flags, spots, aside } = workerData
  const state = new Int32Array(flags)
  const end = Date.now() + 300_000
  const attempt = (act) => { try { act(); return true } catch { return false } }
  const isLink = (path) => fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
  // A hard link cannot be told from a file: where one was put, it is what stands there.
  const links = new Set()
  const settle = ({ kind, path }, away) => {
    if (isLink(path)) attempt(() => fs.unlinkSync(path))
    if (links.has(away)) attempt(() => fs.unlinkSync(path))
    links.delete(away)
    if (fs.lstatSync(away, { throwIfNoEntry: false }) === undefined) return
    if (attempt(() => fs.renameSync(away, path))) return
    fs.rmSync(away, { recursive: true, force: true })
  }
  const pause = new Int32Array(new SharedArrayBuffer(4))
  const swap = (spot, index) => {
    const away = aside + "/" + index
    if (!attempt(() => fs.renameSync(spot.path, away))) {
      attempt(() => spot.kind === "directory" ? fs.mkdirSync(spot.path) : fs.writeFileSync(spot.path, "own", { flag: "wx" }))
      return
    }
    const hard = spot.hard === true && Math.random() < 0.5
    if (hard) {
      if (attempt(() => fs.linkSync(spot.target, spot.path))) {
        links.add(away)
        Atomics.add(state, 2, 1)
      }
    } else if (attempt(() => fs.symlinkSync(spot.target, spot.path))) Atomics.add(state, 1, 1)
    if (Math.random() < 0.3) Atomics.wait(pause, 0, 0, Math.random())
    settle(spot, away)
    if (Math.random() < 0.3) Atomics.wait(pause, 0, 0, Math.random())
  }
  parentPort.postMessage("begun")
  while (Atomics.load(state, 0) === 0 && Date.now() < end) spots.forEach(swap)
  spots.forEach((spot, index) => settle(spot, aside + "/" + index))
`

/**
 * Begins to swap; `aside` is a directory of the same file system for what is away. Afterwards
 * everything stands where it was, as far as it is still there.
 */
export const swapping = (aside: string, spots: ReadonlyArray<Spot>) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<{ readonly state: Int32Array; readonly worker: Worker }>((resume) => {
        const flags = new SharedArrayBuffer(12)
        const worker = new Worker(program, { eval: true, workerData: { flags, spots, aside } })
        worker.once("message", () =>
          resume(Effect.succeed({ state: new Int32Array(flags), worker }))
        )
        worker.once("error", (error) => resume(Effect.die(error)))
      }),
      ({ state, worker }) =>
        Effect.async<void>((resume) => {
          worker.once("exit", () => resume(Effect.void))
          Atomics.store(state, 0, 1)
        })
    ),
    ({ state }) => ({
      swaps: () => Atomics.load(state, 1),
      hardLinks: () => Atomics.load(state, 2)
    })
  )
