/** Disks that are too small or cannot be written. */
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as NodeFs from "node:fs"
import { temporaryDirectory } from "../node/local/life.js"

const mountTmpfs = (at: string, options: string) =>
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", at], { stdio: "pipe" })

/** Why this process cannot mount a file system; undefined when it can. */
export const obstacle = ((): string | undefined => {
  const probe = NodeFs.mkdtempSync("/tmp/agentbay-mount-")
  try {
    mountTmpfs(probe, "size=64k")
    execFileSync("umount", [probe])
    return undefined
  } catch (cause) {
    return String(cause).split("\n")[0]
  } finally {
    NodeFs.rmdirSync(probe)
  }
})()

/** For the name of tests that need one. */
export const ownDisk =
  obstacle === undefined
    ? "a disk of its own"
    : `a disk of its own: cannot be mounted (${obstacle})`

/** A directory on a file system of its own, of so many bytes. */
export const smallDisk = (size: string) =>
  Effect.tap(temporaryDirectory, (path) =>
    Effect.acquireRelease(
      Effect.sync(() => mountTmpfs(path, `size=${size}`)),
      () => Effect.sync(() => execFileSync("umount", ["-l", path]))
    )
  )

export const sealedCopy = (disk: string) =>
  Effect.tap(temporaryDirectory, (path) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        execFileSync("mount", ["--bind", disk, path])
        execFileSync("mount", ["-o", "remount,bind,ro", path])
      }),
      () => Effect.sync(() => execFileSync("umount", ["-l", path]))
    )
  )

/** Takes all that is left on a disk, to the last block, and gives it back. */
export const filler = (disk: string) => {
  const path = `${disk}/filler`
  return {
    fill: () => {
      const file = NodeFs.openSync(path, "a")
      try {
        for (let size = 1 << 20; size >= 512; size >>= 1) {
          try {
            for (;;) NodeFs.writeSync(file, Buffer.alloc(size))
          } catch {
            // Smaller pieces may still fit.
          }
        }
      } finally {
        NodeFs.closeSync(file)
      }
    },
    empty: () => NodeFs.rmSync(path, { force: true })
  }
}
