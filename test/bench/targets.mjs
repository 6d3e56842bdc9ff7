/** Where the context of a session is mounted. */
export const mount = "/tmp/bench"

/** What one sync of many is about: an empty folder of its own. */
export const targetPath = (index) => `${mount}/target-${index}`

export const targetsOf = ({ contextId, count }) =>
  Array.from({ length: count }, (_, index) => ({ contextId, path: targetPath(index) }))
