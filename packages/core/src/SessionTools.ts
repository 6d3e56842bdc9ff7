/**
 * The tools inside a session: what there is, and one generic call.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { CallError, InvalidArgument, ToolError } from "./AgentBayError.js"
import type { ToolDescription, ToolResult } from "./Protocol.js"

/**
 * @since 0.1.0
 * @category models
 */
export type ToolCallError = CallError | ToolError | InvalidArgument

/**
 * @since 0.1.0
 * @category models
 */
export interface CallOptions {
  /** How long the answer may take. Default: the client's timeout, 15 minutes by a direct link. */
  readonly timeout?: Duration.DurationInput | undefined
}

/**
 * What a tool answered.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolAnswer {
  /** The text of the first element: its `text`, else `blob`, else `data`; else empty. */
  readonly text: string
  readonly content: NonNullable<ToolResult["content"]>
  readonly requestId: string
}

/**
 * @since 0.1.0
 * @category models
 */
export interface SessionTools {
  /** The tools that sessions of this image offer. */
  readonly list: Effect.Effect<ReadonlyArray<ToolDescription>, CallError>
  /** Calls any tool by its name. An answer that the tool itself calls an error is a `ToolError`. */
  readonly call: (
    name: string,
    args?: { readonly [name: string]: unknown },
    options?: CallOptions
  ) => Effect.Effect<ToolAnswer, ToolCallError>
  /** The same for a tool that answers with a JSON text of a known shape. */
  readonly callJson: <A, I>(
    schema: Schema.Schema<A, I>,
    name: string,
    args?: { readonly [name: string]: unknown },
    options?: CallOptions
  ) => Effect.Effect<A, ToolCallError>
}
