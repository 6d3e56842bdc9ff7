/**
 * Which part of a mounted directory takes part in transfers.
 *
 * @since 0.1.0
 */

/**
 * One entry of a binding's `bwList`: a path of the mount that is covered, and
 * what is left out below it.
 *
 * @since 0.1.0
 */
export interface WhitelistEntry {
  /** Relative to the mount; `""` is the whole mount. Leading slashes do not matter. */
  readonly path: string
  /** Relative to `path`; blank ones mean nothing. Default: nothing is left out. */
  readonly excludePaths?: ReadonlyArray<string>
}

/**
 * How much of an entry (and of what lies below it) is covered:
 * `all` of it; the entry itself but only a `part` of what lies below; not the
 * entry, but something below it (`way`); `none` of it.
 *
 * @since 0.1.0
 */
export type Coverage = "all" | "part" | "way" | "none"

/**
 * A whitelist ready to be asked. Paths are relative to the mount with `/`
 * between segments, and `""` is the mount itself.
 *
 * @since 0.1.0
 */
export interface Whitelist {
  readonly coverage: (path: string) => Coverage
}

/** A path as segments between single slashes, with one slash at the end; `""` for the mount. */
const normalise = (path: string): string => {
  const segments = path.split("/").filter((segment) => segment !== "" && segment !== ".")
  return segments.length === 0 ? "" : `${segments.join("/")}/`
}

/**
 * The whitelist that covers the whole mount.
 *
 * @since 0.1.0
 */
export const everything: Whitelist = { coverage: () => "all" }

/**
 * The same whitelist for paths relative to a directory (or file) of the mount.
 * `at` is relative to the mount; `""` is the mount itself.
 *
 * @since 0.1.0
 */
export const below = (whitelist: Whitelist, at: string): Whitelist =>
  at === "" ? whitelist : { coverage: (path) => whitelist.coverage(`${at}/${path}`) }

/**
 * Builds a whitelist. Several entries add up: a path is covered when one entry
 * covers it. No entries at all cover everything.
 *
 * @since 0.1.0
 */
export const make = (entries: ReadonlyArray<WhitelistEntry> = []): Whitelist => {
  if (entries.length === 0) return everything
  const roots = entries.map((entry) => {
    const root = normalise(entry.path)
    return {
      root,
      excludes: (entry.excludePaths ?? [])
        .map(normalise)
        .filter((path) => path !== "")
        .map((path) => root + path)
    }
  })
  const coverage = (path: string): Coverage => {
    const at = normalise(path)
    let found: Coverage = "none"
    for (const { root, excludes } of roots) {
      if (at.startsWith(root)) {
        if (excludes.some((exclude) => at.startsWith(exclude))) continue
        if (!excludes.some((exclude) => exclude.startsWith(at))) return "all"
        found = "part"
      } else if (found === "none" && root.startsWith(at)) {
        found = "way"
      }
    }
    return found
  }
  return { coverage }
}
