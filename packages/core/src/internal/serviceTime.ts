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

/**
 * A time in Unix seconds. Zero or less, and what is no date at all, is unknown. (`DateTime.make`
 * would bring along the zones and the forms of input that it can read.)
 */
export const timeOfSeconds = (seconds: number): Option.Option<DateTime.Utc> => {
  const date = new Date(seconds * 1000)
  return seconds <= 0 || Number.isNaN(date.getTime())
    ? Option.none()
    : Option.some(DateTime.unsafeFromDate(date))
}
