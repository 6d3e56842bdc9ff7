/** What lies outside of everything that the server may touch. */
import { assert } from "@effect/vitest"
import * as NodeFs from "node:fs"

/** No answer and no file of the server's may ever hold this. */
export const secret = "the canary sings of what lies outside"

/** A name that no listing may ever show. */
export const secretName = "canary-in-the-mine"

/** Files with the names that an attack hopes to reach. */
export const put = (folder: string, names: ReadonlyArray<string>): void => {
  NodeFs.mkdirSync(folder, { recursive: true })
  for (const name of [...names, secretName]) {
    NodeFs.writeFileSync(`${folder}/${name}`, secret)
    NodeFs.chmodSync(`${folder}/${name}`, 0o640)
  }
  NodeFs.chmodSync(folder, 0o750)
}

/** Everything that could be changed of a tree: names, kinds, modes, contents. */
export const state = (folder: string): ReadonlyArray<string> => {
  const stats = NodeFs.lstatSync(folder)
  const own = `${folder} ${stats.mode.toString(8)} ${stats.uid}`
  if (stats.isSymbolicLink()) return [`${own} -> ${NodeFs.readlinkSync(folder)}`]
  if (!stats.isDirectory()) return [`${own} ${NodeFs.readFileSync(folder, "utf8")}`]
  return [
    own,
    ...NodeFs.readdirSync(folder)
      .toSorted()
      .flatMap((name) => state(`${folder}/${name}`))
  ]
}

/** Where below a folder the secret has come to. Links are not followed. */
export const leaks = (folder: string): ReadonlyArray<string> => {
  const stats = NodeFs.lstatSync(folder, { throwIfNoEntry: false })
  if (stats === undefined || stats.isSymbolicLink()) return []
  if (stats.isDirectory()) {
    return NodeFs.readdirSync(folder).flatMap((name) =>
      name === secretName ? [`${folder}/${name}`] : leaks(`${folder}/${name}`)
    )
  }
  return stats.isFile() && NodeFs.readFileSync(folder).includes(secret) ? [folder] : []
}

export const assertSilent = (what: string, text: string): void => {
  assert.notInclude(text, secret, what)
  assert.notInclude(text, secretName, what)
}
