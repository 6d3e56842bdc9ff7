/** What can be wrong with a path, whatever it is for. Paths of Windows are paths too. */

export const isAbsolute = (path: string): boolean =>
  path.startsWith("/") || /^[A-Za-z]:[\\/]/.test(path)

export const segmentsOf = (path: string): ReadonlyArray<string> => path.split(/[\\/]/)

/** Why a path could lead elsewhere than it says, or nothing. */
export const pathIssue = (path: string): string | undefined => {
  if (path.includes("\0")) return "must not contain a NUL character"
  return segmentsOf(path).includes("..") ? "must not contain `..`" : undefined
}
