/** A status item as a test writes it, in the words of the wire. */
export interface StatusItem {
  readonly contextId?: string
  readonly path?: string
  readonly taskType?: string
  readonly status?: string
  readonly errorMessage?: string
  readonly startTime?: number
  readonly finishTime?: number
  readonly taskId?: string
  readonly bytesDone?: number
  readonly bytesTotal?: number
  readonly filesDone?: number
  readonly filesTotal?: number
  readonly skipped?: number
  readonly skippedPaths?: ReadonlyArray<string>
}

/** The twice nested text of a status answer. */
export const encodeStatus = (items: ReadonlyArray<StatusItem>): string =>
  JSON.stringify([{ type: "data", data: JSON.stringify(items) }])
