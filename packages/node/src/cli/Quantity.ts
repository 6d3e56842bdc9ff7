/**
 * Numbers for people: sizes, times, counts.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"

const sizeUnits = ["KiB", "MiB", "GiB", "TiB", "PiB"]

const threeDigits = (value: number): string => value.toFixed(value < 99.95 ? 1 : 0)

/**
 * A number of bytes: `812 B`, `3.4 KiB`, `127 MiB`.
 *
 * @since 0.1.0
 */
export const bytes = (count: number): string => {
  if (count < 1024) return `${Math.round(count)} B`
  let value = count / 1024
  let unit = 0
  // Rounding must not show 1024 of a unit.
  while (value >= 1023.5 && unit < sizeUnits.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${threeDigits(value)} ${sizeUnits[unit] ?? ""}`
}

const twoDigits = (value: number): string => String(value).padStart(2, "0")

/**
 * A length of time in milliseconds: `340 ms`, `2.4 s`, `3 min 04 s`, `1 h 02 min`.
 *
 * @since 0.1.0
 */
export const duration = (millis: number): string => {
  if (millis < 1000) return `${Math.max(0, Math.floor(millis))} ms`
  if (millis < 59_950) return `${(millis / 1000).toFixed(1)} s`
  const seconds = Math.round(millis / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${twoDigits(seconds % 60)} s`
  const minutes = Math.floor(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`
}

/**
 * Bytes per second, once enough time has passed to tell.
 *
 * @since 0.1.0
 */
export const rate = (count: number, millis: number): string | undefined =>
  millis < 50 || count <= 0 ? undefined : `${bytes((count * 1000) / millis)}/s`

/**
 * A number of things: `1 file`, `2 files`.
 *
 * @since 0.1.0
 */
export const things = (count: number, one: string, many: string = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`

/**
 * A moment in a time zone: `14:03:07`, with the date before it when it is not the day of
 * `now`.
 *
 * @since 0.1.0
 */
export const moment = (time: DateTime.Utc, now: DateTime.Utc, zone: DateTime.TimeZone): string => {
  const local = DateTime.toParts(DateTime.setZone(time, zone))
  const today = DateTime.toParts(DateTime.setZone(now, zone))
  const clock = [local.hours, local.minutes, local.seconds].map(twoDigits).join(":")
  const sameDay =
    local.year === today.year && local.month === today.month && local.day === today.day
  const date = `${local.year}-${twoDigits(local.month)}-${twoDigits(local.day)}`
  return sameDay ? clock : `${date} ${clock}`
}
