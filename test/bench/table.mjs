// Figures as people read them.

/** A number with three digits that say something. */
export const digits = (value) => {
  if (value === 0) return "0"
  const size = Math.abs(value)
  const places = Number.isInteger(value) || size >= 100 ? 0 : size >= 10 ? 1 : 2
  return value.toLocaleString("en", {
    maximumFractionDigits: places,
    minimumFractionDigits: places
  })
}

const withUnit = (value, unit) =>
  value === null ? "" : unit === "" ? digits(value) : `${digits(value)} ${unit}`

const goalOf = ({ atLeast, goal, met, ratio, unit }) => {
  if (goal === null) return ""
  const bound = ratio === null ? withUnit(goal, unit) : String(goal)
  return `${atLeast === true ? "≥" : "≤"} ${bound}: ${met ? "met" : "**missed**"}`
}

export const heads = ["What", "Ours", "Other", "Ratio", "Goal"]

/** The cells of a figure. */
export const cellsOf = (figure) => [
  figure.title,
  withUnit(figure.ours, figure.unit),
  withUnit(figure.other, figure.unit),
  figure.ratio === null ? "" : figure.ratio.toFixed(2),
  goalOf(figure)
]

/** Figures as a table for the terminal. */
export const tableOf = (figures) => {
  const rows = [heads, ...figures.map(cellsOf)]
  const widths = heads.map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join("  ")
        .trimEnd()
    )
    .join("\n")
}

const line = (cells) => `| ${cells.join(" | ")} |`.replace(/ {2,}/g, " ")

/** Any table for a page. */
export const markdownRows = (titles, rows) =>
  [titles, titles.map(() => "---"), ...rows].map(line).join("\n")

/** Figures as a table for a page. */
export const markdownTable = (figures) => markdownRows(heads, figures.map(cellsOf))
