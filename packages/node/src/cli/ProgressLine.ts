/**
 * The text of a progress bar.
 *
 * @since 0.1.0
 */
import * as Quantity from "./Quantity.js"
import type { Style } from "./Style.js"
import * as Text from "./Text.js"

/**
 * How far something is. What is not known is left out.
 *
 * @since 0.1.0
 */
export interface Counts {
  readonly filesDone?: number | undefined
  readonly filesTotal?: number | undefined
  readonly bytesDone?: number | undefined
  readonly bytesTotal?: number | undefined
  /** How many of those that are done were so before the time began. Default: 0. */
  readonly bytesBefore?: number | undefined
  /** Words of the service about it, such as `Running`. */
  readonly state?: string | undefined
}

/**
 * @since 0.1.0
 */
export interface Progress extends Counts {
  readonly label: string
  readonly elapsedMillis: number
  /** Whether it ended well; then the bar is full, whatever was counted. */
  readonly finished?: boolean | undefined
}

/**
 * Which part is done, from 0 to 1; by bytes, or by files when there are no bytes to count.
 *
 * @since 0.1.0
 */
export const fraction = (counts: Counts): number | undefined => {
  const part = (done: number | undefined, total: number | undefined) =>
    total === undefined || total <= 0 ? undefined : Math.min(1, Math.max(0, (done ?? 0) / total))
  return part(counts.bytesDone, counts.bytesTotal) ?? part(counts.filesDone, counts.filesTotal)
}

const percent = (part: number) => `${Math.floor(part * 100)} %`

const filesText = ({ filesDone, filesTotal }: Counts): string | undefined => {
  if (filesTotal === undefined) return undefined
  return filesDone === filesTotal
    ? Quantity.things(filesTotal, "file")
    : `${filesDone ?? 0}/${Quantity.things(filesTotal, "file")}`
}

const bytesText = ({ bytesDone, bytesTotal }: Counts): string | undefined => {
  if (bytesTotal === undefined) return undefined
  return bytesDone === bytesTotal
    ? Quantity.bytes(bytesTotal)
    : `${Quantity.bytes(bytesDone ?? 0)}/${Quantity.bytes(bytesTotal)}`
}

const given = (texts: ReadonlyArray<string | undefined>): ReadonlyArray<string> =>
  texts.filter((text) => text !== undefined && text !== "").map((text) => text ?? "")

const factsOf = (progress: Progress): ReadonlyArray<string> =>
  given([
    progress.state === undefined ? undefined : Text.oneLine(progress.state),
    filesText(progress),
    bytesText(progress),
    Quantity.rate((progress.bytesDone ?? 0) - (progress.bytesBefore ?? 0), progress.elapsedMillis)
  ])

/**
 * The same as words, for outputs that are no terminal.
 *
 * @since 0.1.0
 */
export const words = (progress: Progress): string => {
  const part = fraction(progress)
  const facts = [
    ...(part === undefined ? [] : [percent(part)]),
    ...factsOf(progress),
    Quantity.duration(progress.elapsedMillis)
  ]
  return `${progress.label}: ${facts.join(", ")}`
}

const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

const barText = (part: number, size: number): { readonly full: string; readonly rest: string } => {
  const filled = Math.round(part * size * 8)
  const full = "█".repeat(Math.floor(filled / 8)) + (eighths[filled % 8] ?? "")
  return { full, rest: "░".repeat(size - full.length) }
}

/** A short piece that wanders, for work whose end is not known. */
const wandering = (elapsedMillis: number, size: number) => {
  const piece = Math.min(4, size)
  const way = size - piece
  const step = way === 0 ? 0 : Math.floor(elapsedMillis / 100) % (way * 2)
  const before = step > way ? way * 2 - step : step
  return { before: "░".repeat(before), piece: "█".repeat(piece), after: "░".repeat(way - before) }
}

const widestBar = 24
const narrowestBar = 6
const labelColumns = 22

/**
 * A line that is at most `columns` wide: the label, a bar, and as many facts as there is room
 * for. Elapsed time stays longest. `visible` is the text without escape codes.
 *
 * @since 0.1.0
 */
export const bar = (
  progress: Progress,
  options: { readonly columns: number; readonly style: Style }
): { readonly text: string; readonly visible: string } => {
  const { style } = options
  const part = progress.finished === true ? 1 : fraction(progress)
  const elapsed = Quantity.duration(progress.elapsedMillis)
  const room = options.columns
  const label =
    room >= 60 ? Text.pad(progress.label, labelColumns) : Text.fit(progress.label, room - 16)
  // Work that was never counted has no share, also at its end.
  const share =
    part === undefined || fraction(progress) === undefined ? [] : [percent(part).padStart(5)]
  const facts = [...factsOf(progress)]
  const tailWidth = () =>
    [...share, ...facts, elapsed].reduce((sum, fact) => sum + 2 + Text.width(fact), 0)
  const spare = () => room - Text.width(label) - 1 - tailWidth()
  while (spare() < narrowestBar && facts.length > 0) facts.pop()
  const size = Math.min(widestBar, spare())
  const tail = [...share, ...facts, elapsed].map((fact) => `  ${fact}`).join("")
  if (size < narrowestBar) {
    const visible = Text.fit(`${label}${tail}`, room)
    return { text: visible, visible }
  }
  if (part === undefined) {
    const { after, before, piece } = wandering(progress.elapsedMillis, size)
    return {
      text: `${label} ${style.dim(before)}${style.accent(piece)}${style.dim(after)}${tail}`,
      visible: `${label} ${before}${piece}${after}${tail}`
    }
  }
  const { full, rest } = barText(part, size)
  return {
    text: `${label} ${style.accent(full)}${style.dim(rest)}${tail}`,
    visible: `${label} ${full}${rest}${tail}`
  }
}
