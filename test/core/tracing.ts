/** A tracer that keeps every span, for tests of what spans say. */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

export interface CapturedSpan {
  readonly id: string
  readonly parentId: string | undefined
  readonly name: string
  readonly parent: string | undefined
  readonly kind: Tracer.SpanKind
  readonly attributes: Map<string, unknown>
  readonly told: Array<unknown>
  exit: Exit.Exit<unknown, unknown> | undefined
}

/** A tracer that keeps every span, with all that it was told. */
const capturing = () => {
  const spans: Array<CapturedSpan> = []
  const tracer = Tracer.make({
    span: (name, parent, context, links, startTime, kind) => {
      const captured: CapturedSpan = {
        id: `span-${spans.length + 1}`,
        parentId: Option.getOrUndefined(Option.map(parent, ({ spanId }) => spanId)),
        name,
        parent: Option.getOrUndefined(
          Option.flatMap(parent, (span) =>
            span._tag === "Span" ? Option.some(span.name) : Option.none()
          )
        ),
        kind,
        attributes: new Map(),
        told: [],
        exit: undefined
      }
      spans.push(captured)
      return {
        _tag: "Span",
        name,
        spanId: captured.id,
        traceId: "trace",
        parent,
        context,
        status: { _tag: "Started", startTime },
        attributes: captured.attributes,
        links,
        sampled: true,
        kind,
        end: (_, exit) => {
          captured.exit = exit
        },
        attribute: (key, value) => {
          captured.attributes.set(key, value)
        },
        event: (event, _, attributes) => {
          captured.told.push(event, attributes)
        },
        addLinks: (more) => {
          captured.told.push(...more.map(({ attributes }) => attributes))
        }
      }
    },
    context: (run) => run()
  })
  return { spans, tracer }
}

/** Keeps the spans of an effect. */
export const traced = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
  const { spans, tracer } = capturing()
  return { spans, effect: Effect.withTracer(effect, tracer) }
}

export const named = (spans: ReadonlyArray<CapturedSpan>, name: string) =>
  spans.filter((span) => span.name === name)

/** What the library says of a span in words of its own. */
export const ownAttributes = (span: CapturedSpan | undefined) =>
  Object.fromEntries([...(span?.attributes ?? [])].filter(([key]) => key.startsWith("agentbay.")))
