/**
 * The tool `get_metrics`.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as NodeFs from "node:fs/promises"
import * as NodeOs from "node:os"
import * as Tool from "./Tool.js"

/** Milliseconds that all processors together were busy, and those that passed, since the start of the machine. */
const processorTimes = (): { readonly busy: number; readonly all: number } => {
  let busy = 0
  let all = 0
  for (const { times } of NodeOs.cpus()) {
    const total = times.user + times.nice + times.sys + times.idle + times.irq
    all += total
    busy += total - times.idle
  }
  return { busy, all }
}

const rounded = (value: number): number => Math.round(value * 100) / 100

/** Sessions are not machines of their own, so the numbers are those of this machine. */
const numbers = (now: number, disk: { readonly total: number; readonly free: number }) => {
  const { all, busy } = processorTimes()
  return {
    cpu_count: NodeOs.cpus().length,
    cpu_used_pct: all === 0 ? 0 : rounded((100 * busy) / all),
    mem_total: NodeOs.totalmem(),
    mem_used: NodeOs.totalmem() - NodeOs.freemem(),
    disk_total: disk.total,
    disk_used: disk.total - disk.free,
    // Sessions have no network.
    rx_rate_kbyte_per_s: 0,
    tx_rate_kbyte_per_s: 0,
    rx_used_kbyte: 0,
    tx_used_kbyte: 0,
    timestamp: DateTime.formatIso(DateTime.unsafeMake(now))
  }
}

/** @since 0.1.0 */
export const metrics = Tool.define({
  name: "get_metrics",
  server: "wuying_system",
  description:
    "Tells processors, memory and disk of the machine that the session runs on, in bytes and " +
    "per cent, as a JSON object. Processor use is the mean since the start of the machine.",
  inputSchema: Tool.record({}, []),
  args: Schema.Struct({}),
  run: Effect.fnUntraced(function* (place) {
    const disk = yield* Tool.attempt("/", () => NodeFs.statfs(place.root))
    return JSON.stringify(
      numbers(yield* Clock.currentTimeMillis, {
        total: disk.blocks * disk.bsize,
        free: disk.bfree * disk.bsize
      })
    )
  })
})
