/**
 * Where the library's warnings go.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as HashMap from "effect/HashMap"
import * as Inspectable from "effect/Inspectable"
import * as Logger from "effect/Logger"
import type { Service as Screen } from "./Screen.js"
import * as Text from "./Text.js"

/** Those that help only somebody who reads our sources. */
const internalAnnotations = new Set(["package", "module"])

/**
 * Writes each message as one line on stderr, so that stdout holds results alone. A line that
 * is drawn at the bottom makes room first.
 *
 * @since 0.1.0
 */
export const logger = (screen: Screen): Logger.Logger<unknown, void> =>
  Logger.withConsoleError(
    Logger.make(({ annotations, cause, logLevel, message }) => {
      const parts = Array.isArray(message) ? message : [message]
      const texts = parts.map((part) => Inspectable.toStringUnknown(part, 0))
      const details = [...HashMap.entries(annotations)]
        .filter(([name]) => !internalAnnotations.has(name))
        .map(([name, value]) => `${name}=${Inspectable.toStringUnknown(value, 0)}`)
      const why = Cause.isEmpty(cause) ? [] : [Cause.pretty(cause)]
      screen.unsafeErase()
      return Text.oneLine(
        [`agentbay: ${logLevel.label.toLowerCase()}:`, ...texts, ...details, ...why].join(" ")
      )
    })
  )
