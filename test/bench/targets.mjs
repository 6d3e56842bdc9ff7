/** Where the context of a session is mounted. */
export const mount = "/tmp/bench"

/** What one sync of many is about: an empty folder of its own, a hundred of them in one. */
export const targetPath = (index) => `${mount}/${Math.floor(index / 100)}/target-${index}`

export const targetsOf = ({ contextId, count }) =>
  Array.from({ length: count }, (_, index) => ({ contextId, path: targetPath(index) }))
