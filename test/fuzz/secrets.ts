/** What must never come out of the server, in the shapes in which it could. */
import { Buffer } from "node:buffer"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"

/** In files outside, in the name of one, and in the environment of the server's process. */
export const canary = "CANARY-4711"

export const variable = "AGENTBAY_FUZZ_CANARY"

/** How little of the canary a request may ask for, in bytes. */
const window = 8

/** A text inside base64, wherever it begins there. */
const inBase64 = (text: string): ReadonlyArray<string> =>
  [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)])
    // The signs that hold nothing but bits of the text.
    const first = Math.ceil((before * 8) / 6)
    return bytes.toString("base64").slice(first, Math.floor((bytes.length * 8) / 6))
  })

/**
 * The environment that this process was started with, as `/proc/self/environ` has it: what is set
 * later is not in there. What is short could be in an answer all the same, and commands have a
 * path of their own.
 */
const environment = (): ReadonlyArray<string> =>
  process.platform === "linux"
    ? NodeFs.readFileSync("/proc/self/environ", "utf8")
        .split("\0")
        .filter((entry) => /^(?!PATH=)[ !#-[\]-~]{20,}$/.test(entry))
    : []

/** Texts to look for in what was answered or stored, read as latin1. */
const secrets: ReadonlyArray<string> = (() => {
  const ofCanary = Array.from({ length: canary.length - window + 1 }, (_, start) =>
    canary.slice(start, start + window)
  )
  return [...ofCanary, ...environment()].flatMap((text) => [text, ...inBase64(text)])
})()

export const holdsSecret = (text: string): boolean =>
  secrets.some((secret) => text.includes(secret))

/** The files below a folder that hold a secret, or have one in their name. Links are not followed. */
export const filesWithSecrets = (folder: string): ReadonlyArray<string> =>
  NodeFs.readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => ({ entry, path: NodePath.join(entry.parentPath, entry.name) }))
    .filter(
      ({ entry, path }) =>
        holdsSecret(entry.name) ||
        (entry.isFile() && holdsSecret(NodeFs.readFileSync(path, "latin1")))
    )
    .map(({ path }) => path)
