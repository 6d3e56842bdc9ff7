/**
 * Files whose content follows from their name and version, so that a look at one tells which
 * version it is, or that it is none: half of one, or a mixture of two.
 */
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"

const sizeOf = (name: string, version: number): number => {
  const spread = (version * 7919 + name.length * 104_729) % 1000
  // Some are copied in one step, some in many.
  if (name.startsWith("huge")) return 4_300_000 + spread * 4000
  if (name.startsWith("large")) return 1_100_000 + spread * 1000
  return 40 + spread * 20
}

export const contentOf = (name: string, version: number): Buffer => {
  const line = `${name}#${version}\n`
  return Buffer.alloc(Math.max(sizeOf(name, version), line.length), line)
}

/** Which file this is, and which version of it. */
const identify = (bytes: Buffer): { readonly name: string; readonly version: number } => {
  const line = bytes.subarray(0, Math.max(0, bytes.indexOf("\n"))).toString()
  const [, name, version] = /^(.+)#(\d+)$/.exec(line) ?? []
  if (name === undefined || !bytes.equals(contentOf(name, Number(version)))) {
    throw new Error(`it is damaged: ${bytes.length} bytes, beginning with ${JSON.stringify(line)}`)
  }
  return { name, version: Number(version) }
}

export const versionOf = (name: string, bytes: Buffer): number => {
  const found = identify(bytes)
  if (found.name !== name) throw new Error(`it is ${found.name}`)
  return found.version
}

export type Versions = ReadonlyMap<string, number>

/** What a folder holds, each file by its name. Any file that is not whole is an error. */
export const versionsIn = (folder: string): Versions => {
  const names = NodeFs.existsSync(folder) ? NodeFs.readdirSync(folder) : []
  return new Map(
    names.map((name): [string, number] => {
      const path = NodePath.join(folder, name)
      try {
        return [name, versionOf(name, NodeFs.readFileSync(path))]
      } catch (cause) {
        throw new Error(`${path} is not whole`, { cause })
      }
    })
  )
}

export const writeVersion = (folder: string, name: string, version: number): void => {
  NodeFs.writeFileSync(NodePath.join(folder, name), contentOf(name, version))
}
