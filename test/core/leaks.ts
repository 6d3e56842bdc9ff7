/** Everything a program could print about a run, as one text to search for a secret. */
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import type * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as NodeUtil from "node:util"

/** Prints each object once: one error ends many spans and is in many entries of the log. */
const once = <A>(print: (value: A) => string) => {
  const texts = new WeakMap<object, string>()
  return (value: A): string => {
    if (typeof value !== "object" || value === null) return print(value)
    const text = texts.get(value) ?? print(value)
    texts.set(value, text)
    return text
  }
}

/** A value in every way it is usually printed. */
export const printed: (value: unknown) => string = once((value) => {
  const texts = [
    NodeUtil.inspect(value, { depth: Infinity, showHidden: true, maxStringLength: Infinity }),
    String(value)
  ]
  try {
    texts.push(JSON.stringify(value) ?? "")
  } catch {
    // Circular, or with big integers: the inspections above have shown it.
  }
  if (value instanceof Error) {
    texts.push(value.name, value.message, value.stack ?? "", value.toString())
    if (value.cause !== undefined) texts.push(printed(value.cause))
  }
  return texts.join("\n")
})

/** A cause with all its failures and defects. */
export const printedCause: (cause: Cause.Cause<unknown>) => string = once((cause) =>
  [
    Cause.pretty(cause, { renderErrorCause: true }),
    JSON.stringify(cause),
    ...Chunk.toReadonlyArray(Cause.failures(cause)).map(printed),
    ...Chunk.toReadonlyArray(Cause.defects(cause)).map(printed)
  ].join("\n")
)

class CapturedSpan implements Tracer.Span {
  readonly _tag = "Span"
  readonly spanId = "span"
  readonly traceId = "trace"
  readonly sampled = true
  readonly attributes = new Map<string, unknown>()
  // The services of the caller stay out: they are the test's own, and hold what it sent.
  readonly context = Context.empty()
  status: Tracer.SpanStatus
  constructor(
    readonly name: string,
    readonly parent: Option.Option<Tracer.AnySpan>,
    readonly links: ReadonlyArray<Tracer.SpanLink>,
    startTime: bigint,
    readonly kind: Tracer.SpanKind,
    readonly write: (text: string) => void
  ) {
    this.status = { _tag: "Started", startTime }
  }
  end(endTime: bigint, exit: Exit.Exit<unknown, unknown>): void {
    this.status = { _tag: "Ended", startTime: this.status.startTime, endTime, exit }
    this.write([`span ${this.name}`, this.kind, printed([...this.attributes])].join("\n"))
    if (Exit.isFailure(exit)) this.write(printedCause(exit.cause))
  }
  attribute(key: string, value: unknown): void {
    this.attributes.set(key, value)
  }
  event(name: string, _: bigint, attributes?: Record<string, unknown>): void {
    this.write(`event ${name} ${printed(attributes)}`)
  }
  addLinks(links: ReadonlyArray<Tracer.SpanLink>): void {
    this.write(printed(links))
  }
}

const capturingTracer = (write: (text: string) => void) =>
  Tracer.make({
    span: (name, parent, _, links, startTime, kind) =>
      new CapturedSpan(name, parent, links, startTime, kind, write),
    context: (f) => f()
  })

const capturingLogger = (write: (text: string) => void) =>
  Logger.make<unknown, void>((entry) => {
    write(Logger.stringLogger.log(entry))
    write(Logger.logfmtLogger.log(entry))
    write(Logger.jsonLogger.log(entry))
    write(printed(Logger.structuredLogger.log(entry)))
    write(printed([entry.message, [...entry.annotations], [...entry.spans]]))
    write(printedCause(entry.cause))
  })

/** The names and tags of all metrics there are. */
const printedMetrics = Effect.map(Metric.snapshot, (pairs) =>
  pairs
    .flatMap(({ metricKey: { name, tags } }) => [
      name,
      ...tags.flatMap(({ key, value }) => [key, value])
    ])
    .join("\n")
)

/** Runs an effect with all logs, spans and metrics captured; gives its exit and all that was said. */
export const overheard = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<{ readonly exit: Exit.Exit<A, E>; readonly said: string }, never, R> =>
  Effect.gen(function* () {
    const texts: Array<string> = []
    const write = (text: string) => {
      texts.push(text)
    }
    const exit = yield* Effect.exit(effect).pipe(
      Effect.withTracer(capturingTracer(write)),
      Effect.provide(
        Layer.mergeAll(
          Logger.replace(Logger.defaultLogger, capturingLogger(write)),
          Logger.minimumLogLevel(LogLevel.All)
        )
      )
    )
    write(yield* printedMetrics)
    // What a call gives when it succeeds is the caller's own data and not looked at.
    if (Exit.isFailure(exit)) {
      write(printedCause(exit.cause))
      write(printed(exit))
    }
    return { exit, said: texts.join("\n") }
  })

const escaped = (text: string) => JSON.stringify(text).slice(1, -1)

const ascii = (text: string) =>
  escaped(text).replace(
    /[^\x20-\x7e]/g,
    (unit) => String.raw`\u` + unit.charCodeAt(0).toString(16).padStart(4, "0")
  )

/** The ways in which a text may stand in other texts. */
export const formsOf = (secret: string): ReadonlyArray<string> => {
  const inUrl = encodeURIComponent(secret)
  const inForm = new URLSearchParams({ "": secret }).toString().slice(1)
  const base64 = Buffer.from(secret).toString("base64").replace(/=+$/, "")
  return [
    ...new Set([
      secret,
      inUrl,
      inUrl.replace(/%../g, (hex) => hex.toLowerCase()),
      inForm,
      new URL(`https://x.test/?${inUrl}`).search.slice(1),
      encodeURIComponent(inUrl),
      escaped(secret),
      escaped(escaped(secret)),
      escaped(escaped(escaped(secret))),
      ascii(secret),
      secret.replaceAll("/", String.raw`\/`),
      base64,
      Buffer.from(secret).toString("base64url"),
      Buffer.from(`Bearer ${secret}`).toString("base64").replace(/=+$/, ""),
      secret
        .replaceAll("&", "&amp;")
        .replaceAll("<", "&lt;")
        .replaceAll(">", "&gt;")
        .replaceAll('"', "&quot;")
    ])
  ]
}

/** The forms of a secret that were said, with what stood around them. */
export const leaksIn = (said: string, secret: string): ReadonlyArray<string> =>
  formsOf(secret).flatMap((form) => {
    const at = said.indexOf(form)
    return at === -1 ? [] : [`${form} in: ${said.slice(Math.max(0, at - 150), at + 80)}`]
  })
