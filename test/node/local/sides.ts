import * as Effect from "effect/Effect"
import * as NodeFs from "node:fs"
import { temporaryDirectory, type Tree, writeTree } from "./trees.js"

/** The two sides of a transfer and its staging, in a directory of their own. */
export const place = Effect.map(temporaryDirectory, (base) => ({
  base,
  source: `${base}/source`,
  destination: `${base}/destination`,
  staging: `${base}/staging`
}))

export const prepared = (source: Tree, destination?: Tree) =>
  Effect.map(place, (at) => {
    writeTree(at.source, source)
    if (destination !== undefined) writeTree(at.destination, destination)
    return at
  })

export const mode = (path: string) => NodeFs.lstatSync(path).mode & 0o7777

export const unfinished = (staging: string) => NodeFs.readdirSync(staging)
