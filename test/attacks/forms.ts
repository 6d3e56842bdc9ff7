/** Paths that want to lead elsewhere, and what they must not have reached. */
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import * as Wire from "../node/local/wire.js"
import { mount, prepare, write } from "../node/local/workspace.js"
import * as Canary from "./canary.js"

export interface Form {
  readonly path: string
  /** Nothing can have this path. Others are names like any, however odd, inside the session. */
  readonly refused: boolean
}

const up = (count: number, step = "../") => step.repeat(count)

/** Ways to write a path that leads to `outside/a` from a root some levels below what holds it. */
export const formsOf = (beside: string): ReadonlyArray<Form> => {
  const climbing = [3, 6, 12].flatMap((count) => [
    `/${up(count)}outside/a`,
    `${mount}/${up(count)}outside/a`,
    `/tmp/.././${up(count)}outside/a`,
    `~/${up(count)}outside/a`,
    `${up(count)}outside/a`,
    `/x//${up(count, "..//")}outside/a`
  ])
  const plain = climbing.filter((path) => !path.startsWith(mount) && !path.startsWith("~"))
  const encoded = plain.slice(0, 6).map((path) => encodeURIComponent(path))
  const odd = [
    ...encoded,
    ...encoded.map((path) => `/${path}`),
    ...encoded.map((path) => `/${encodeURIComponent(path)}`),
    ...[3, 12].flatMap((count) => [
      `/${up(count, "..\\")}outside\\a`,
      `/${up(count, "\uff0e\uff0e/")}outside/a`,
      `/${up(count, "..\uff0f")}outside\uff0fa`,
      `/${up(count, "..\u2215")}outside/a`,
      `/${up(count, "\u2025/")}outside/a`,
      `/${up(count, "%c0%ae%c0%ae/")}outside/a`,
      `/${up(count, "%c0%ae%c0%ae%c0%af")}outside/a`,
      `/${up(count, ".. /")}outside/a`,
      `/${up(count, "..;/")}outside/a`,
      `/${up(count, "...//")}outside/a`
    ]),
    `${beside}/a`,
    `/proc/self/cwd`,
    `/proc/self/root${beside}/a`,
    `file://${beside}/a`,
    "C:\\..\\..\\outside\\a",
    "C:/../../outside/a",
    "\\\\server\\share\\a",
    "/a ",
    "/ a",
    "/a."
  ]
  const never = [
    "",
    "\0",
    `/a\0${beside}/a`,
    `/${"x".repeat(256)}`,
    `/${"\u00e9".repeat(128)}`,
    `/${"x/".repeat(3000)}`,
    "..",
    "/..",
    "a",
    "./a",
    "~root/a"
  ]
  return [
    ...climbing.map((path) => ({ path, refused: plain.includes(path) || path.includes(up(12)) })),
    ...odd.map((path) => ({ path, refused: false })),
    ...never.map((path) => ({ path, refused: true }))
  ]
}

/** A session on a context with a file, and canaries in the data directory and beside it. */
export const scene = Effect.gen(function* () {
  const { dataDirectory } = yield* LocalAgentBay.LocalAgentBay
  const at = yield* prepare()
  write(at.session, { own: "own" })
  yield* Wire.sync(at.id)
  const inside = `${dataDirectory}/outside`
  const beside = `${dataDirectory}-outside`
  yield* Effect.acquireRelease(
    Effect.sync(() => [inside, beside].forEach((folder) => Canary.put(folder, ["a"]))),
    () => Effect.sync(() => NodeFs.rmSync(beside, { recursive: true }))
  )
  const look = () => ({
    canaries: [inside, beside].map(Canary.state),
    own: NodeFs.readdirSync(dataDirectory).toSorted(),
    contexts: NodeFs.readdirSync(`${dataDirectory}/contexts`).length,
    sessions: NodeFs.readdirSync(`${dataDirectory}/sessions`).length,
    leaks: ["contexts", "sessions"].flatMap((name) => Canary.leaks(`${dataDirectory}/${name}`))
  })
  return { ...at, beside, look }
})
