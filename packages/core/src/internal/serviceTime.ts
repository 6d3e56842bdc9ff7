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
