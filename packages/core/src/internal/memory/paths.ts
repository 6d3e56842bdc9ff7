const home = "/home/wuying"

export const withoutSlash = (path: string): string => path.replace(/\/+$/, "")

const atHome = (path: string) => {
  if (path === "~" || path.startsWith("~/")) return `${home}${path.slice(1)}`
  return path.startsWith("/") ? path : `${home}/${path}`
}

/**
 * The same text for every way to write a path; `~` and what is relative start at the home.
 * Paths of Windows are taken as they are, but for a slash at the end.
 */
export const normalPath = (path: string): string => {
  if (/^[A-Za-z]:/.test(path)) return withoutSlash(path)
  const names: Array<string> = []
  for (const name of atHome(path).split("/")) {
    if (name === "..") names.pop()
    else if (name !== "" && name !== ".") names.push(name)
  }
  return `/${names.join("/")}`
}

/** Whether a path is a folder or lies inside it. */
export const isBelow = (path: string, folder: string): boolean =>
  path === withoutSlash(folder) || path.startsWith(`${withoutSlash(folder)}/`)

export const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

export interface Child {
  readonly name: string
  readonly isFolder: boolean
}

/** The direct children of a folder, of files and folders that are known by their paths. */
export const childrenOf = (
  paths: Iterable<string>,
  folders: Iterable<string>,
  folder: string
): ReadonlyArray<Child> => {
  const prefix = `${withoutSlash(folder)}/`
  const found = new Map<string, boolean>()
  const note = (path: string, isFolder: boolean) => {
    if (!path.startsWith(prefix) || path === prefix) return
    const rest = path.slice(prefix.length)
    const slash = rest.indexOf("/")
    const name = slash === -1 ? rest : rest.slice(0, slash)
    found.set(name, found.get(name) === true || isFolder || slash !== -1)
  }
  for (const path of paths) note(path, false)
  for (const path of folders) note(path, true)
  return [...found].map(([name, isFolder]) => ({ name, isFolder }))
}
