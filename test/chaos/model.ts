/**
 * What is known of files whose server may die at any moment: what was acknowledged, and what is
 * merely under way and may have happened or not.
 */
import type { Versions } from "./files.js"

/** A version; undefined stands for no file. */
export type Version = number | undefined

const asText = (version: Version): string => (version === undefined ? "nothing" : `${version}`)

export interface Files {
  /** Something was asked for that puts this version in place. */
  readonly expect: (name: string, version: Version) => void
  /** It was acknowledged: nothing else can be there now. */
  readonly acknowledge: (name: string, version: Version) => void
  /** The same for all files: exactly these are there. */
  readonly expectAll: (versions: Versions) => void
  readonly acknowledgeAll: (versions: Versions) => void
  readonly acknowledged: () => Versions
  /** Compares with what is there, and takes it for acknowledged from now on. */
  readonly check: (what: string, found: Versions) => void
}

export const files = (): Files => {
  let acknowledged = new Map<string, number>()
  let expected = new Map<string, Set<Version>>()

  const expect: Files["expect"] = (name, version) => {
    const versions = expected.get(name) ?? new Set()
    expected.set(name, versions.add(version))
  }
  const acknowledge: Files["acknowledge"] = (name, version) => {
    expected.delete(name)
    if (version === undefined) acknowledged.delete(name)
    else acknowledged.set(name, version)
  }
  return {
    expect,
    acknowledge,
    expectAll: (versions) => {
      for (const name of new Set([...versions.keys(), ...acknowledged.keys()])) {
        const version = versions.get(name)
        if (version !== acknowledged.get(name)) expect(name, version)
      }
    },
    acknowledgeAll: (versions) => {
      acknowledged = new Map(versions)
      expected = new Map()
    },
    acknowledged: () => acknowledged,
    check: (what, found) => {
      const names = new Set([...found.keys(), ...acknowledged.keys()])
      for (const name of names) {
        const version = found.get(name)
        const allowed = [acknowledged.get(name), ...(expected.get(name) ?? [])]
        if (allowed.includes(version)) continue
        throw new Error(
          `${what}: of ${name} there is ${asText(version)}, ` +
            `acknowledged or under way was ${allowed.map(asText).join(", ")}`
        )
      }
      acknowledged = new Map(found)
      expected = new Map()
    }
  }
}
