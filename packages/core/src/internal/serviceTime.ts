import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

const namesItsZone = /(?:Z|[+-]\d\d:?\d\d)$/i

/**
 * A time as the service writes it. One that does not name its zone is unknown: read in the
 * zone of this machine it would mean another moment on another one.
 */
export const timeOf = (text: string | undefined): Option.Option<DateTime.Utc> =>
  text !== undefined && namesItsZone.test(text)
    ? Option.map(DateTime.make(text), DateTime.toUtc)
    : Option.none()

const read = (seconds: number): Option.Option<DateTime.Utc> => {
  const date = new Date(seconds * 1000)
  return Number.isNaN(date.getTime()) ? Option.none() : Option.some(DateTime.unsafeFromDate(date))
}

const last = { seconds: NaN, time: Option.none<DateTime.Utc>() }

/**
 * A time in Unix seconds. Zero or less, and what is no date at all, is unknown. (`DateTime.make`
 * would bring along the zones and the forms of input that it can read.) Many tasks of a list have
 * started in the same second; theirs is one and the same time, which is kept once.
 */
export const timeOfSeconds = (seconds: number): Option.Option<DateTime.Utc> => {
  if (seconds <= 0) return Option.none()
  if (seconds !== last.seconds) {
    last.seconds = seconds
    last.time = read(seconds)
  }
  return last.time
}
