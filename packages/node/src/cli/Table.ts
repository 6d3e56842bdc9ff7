/**
 * Tables with headings. When the terminal is too narrow, columns that may be cut are cut; then
 * spare columns are left out; below that every row becomes a small record of its own.
 *
 * @since 0.1.0
 */
import * as Style from "./Style.js"
import * as Text from "./Text.js"

/**
 * @since 0.1.0
 */
export interface Column<Row> {
  readonly heading: string
  readonly text: (row: Row) => string
  readonly paint?: ((row: Row, style: Style.Style) => (text: string) => string) | undefined
  readonly align?: "left" | "right" | undefined
  /** Where the text may be cut. Default: it may not. */
  readonly cut?: "end" | "middle" | undefined
  /** Whether it is left out where there is no room for all. */
  readonly spare?: boolean | undefined
}

/**
 * @since 0.1.0
 */
export interface Options {
  /** How many columns there are; infinite when the output is no terminal. */
  readonly columns: number
  readonly style?: Style.Style | undefined
}

const gap = "  "
const leastWidth = 10

type Sized<Row> = { readonly column: Column<Row>; readonly natural: number; width: number }

const cellOf = <Row>(column: Column<Row>, row: Row) => Text.printable(column.text(row))

const measure = <Row>(columns: ReadonlyArray<Column<Row>>, rows: ReadonlyArray<Row>) =>
  columns
    .map((column): Sized<Row> => {
      const widest = Math.max(0, ...rows.map((row) => Text.width(cellOf(column, row))))
      const natural = widest === 0 ? 0 : Math.max(widest, Text.width(column.heading))
      return { column, natural, width: natural }
    })
    // A column that says nothing about any row is left out.
    .filter(({ natural }) => natural > 0)

const totalWidth = <Row>(sized: ReadonlyArray<Sized<Row>>) =>
  sized.reduce((sum, { width }) => sum + width, 0) + gap.length * Math.max(0, sized.length - 1)

/** Takes from the widest column that may be cut, until all fit or none can give any more. */
const shrink = <Row>(sized: ReadonlyArray<Sized<Row>>, columns: number): boolean => {
  for (const one of sized) one.width = one.natural
  let excess = totalWidth(sized) - columns
  while (excess > 0) {
    const widest = sized
      .filter(({ column, width }) => column.cut !== undefined && width > leastWidth)
      .reduce<Sized<Row> | undefined>(
        (most, candidate) =>
          most === undefined || candidate.width > most.width ? candidate : most,
        undefined
      )
    if (widest === undefined) return false
    widest.width -= 1
    excess -= 1
  }
  return true
}

const asTable = <Row>(
  sized: ReadonlyArray<Sized<Row>>,
  rows: ReadonlyArray<Row>,
  style: Style.Style
): ReadonlyArray<string> => {
  const line = (cells: ReadonlyArray<string>) => cells.join(gap).trimEnd()
  const headings = sized.map(({ column, width }) =>
    style.bold(Text.pad(Text.fit(column.heading, width), width, column.align))
  )
  return [
    line(headings),
    ...rows.map((row) =>
      line(
        sized.map(({ column, width }, index) => {
          const text = Text.fit(cellOf(column, row), width, column.cut)
          const isLast = index === sized.length - 1 && column.align !== "right"
          const padded = isLast ? text : Text.pad(text, width, column.align)
          return (column.paint?.(row, style) ?? ((same: string) => same))(padded)
        })
      )
    )
  ]
}

const asRecords = <Row>(
  sized: ReadonlyArray<Sized<Row>>,
  rows: ReadonlyArray<Row>,
  style: Style.Style
): ReadonlyArray<string> => {
  const headingWidth = Math.max(...sized.map(({ column }) => Text.width(column.heading)))
  return rows.flatMap((row, index) => [
    ...(index === 0 ? [] : [""]),
    ...sized.flatMap(({ column }) => {
      const text = cellOf(column, row)
      if (text === "") return []
      const painted = column.paint?.(row, style)(text) ?? text
      return [`${style.bold(Text.pad(column.heading, headingWidth))}${gap}${painted}`]
    })
  ])
}

/**
 * The lines of a table.
 *
 * @since 0.1.0
 */
export const render = <Row>(
  columns: ReadonlyArray<Column<Row>>,
  rows: ReadonlyArray<Row>,
  options: Options
): ReadonlyArray<string> => {
  const style = options.style ?? Style.plain
  const sized = measure(columns, rows)
  if (rows.length === 0 || sized.length === 0) return []
  let shown = sized
  while (!shrink(shown, options.columns)) {
    const spare = shown.findIndex(({ column }) => column.spare === true)
    if (spare === -1) return asRecords(sized, rows, style)
    shown = shown.filter((_, index) => index !== spare)
  }
  return asTable(shown, rows, style)
}
