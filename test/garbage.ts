import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

/** Collects garbage now: what nobody holds any more is counted as used memory until then. */
export const collectGarbage: () => void = (() => {
  setFlagsFromString("--expose-gc")
  const gc: unknown = runInNewContext("gc")
  if (typeof gc !== "function") throw new Error("there is no collector to call")
  return () => void gc()
})()
