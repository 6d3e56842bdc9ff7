import * as Array from "effect/Array"
import * as ParseResult from "effect/ParseResult"

const longestShown = 40

/** As much of a value as can be seen in a message: what it is, or the beginning of a text. */
const glimpse = (actual: unknown): unknown => {
  if (typeof actual === "string") return actual.slice(0, 2 * longestShown)
  if (typeof actual !== "object" || actual === null) return actual
  return Array.isArray(actual) ? [] : {}
}

type Issues = ParseResult.Composite["issues"]

const areMany = (issues: Issues): issues is Array.NonEmptyReadonlyArray<ParseResult.ParseIssue> =>
  Array.isArray(issues)

/**
 * The same issue without the data that it is about. Messages are made by writing those out, and
 * data from outside may be too large for that, or nested too deeply for the stack.
 */
const withGlimpses = (issue: ParseResult.ParseIssue): ParseResult.ParseIssue => {
  const actual = glimpse(issue.actual)
  switch (issue._tag) {
    case "Type":
      return new ParseResult.Type(issue.ast, actual, issue.message)
    case "Forbidden":
      return new ParseResult.Forbidden(issue.ast, actual, issue.message)
    case "Unexpected":
      return new ParseResult.Unexpected(actual, issue.message)
    case "Missing":
      return issue
    case "Pointer":
      return new ParseResult.Pointer(issue.path, actual, withGlimpses(issue.issue))
    case "Refinement":
      return new ParseResult.Refinement(issue.ast, actual, issue.kind, withGlimpses(issue.issue))
    case "Transformation":
      return new ParseResult.Transformation(
        issue.ast,
        actual,
        issue.kind,
        withGlimpses(issue.issue)
      )
    case "Composite":
      return new ParseResult.Composite(
        issue.ast,
        actual,
        areMany(issue.issues) ? Array.map(issue.issues, withGlimpses) : withGlimpses(issue.issues)
      )
  }
}

/**
 * A message without what was there instead, where that is more than a word: data of a wrong
 * shape may hold tokens and addresses that open something, and nobody knows where.
 */
const withoutData = (message: string): string =>
  message.replace(/, actual (.*)$/s, (whole, actual: string) => {
    if (actual.startsWith("{")) return ", but it is an object"
    if (actual.startsWith("[")) return ", but it is a list"
    return actual.length <= longestShown ? whole : ", but it is something longer"
  })

/**
 * What is wrong, in one line: the place in the data and the fault at it. Where several
 * shapes were tried, the one that got furthest says it.
 */
export const describeIssue = (issue: ParseResult.ParseIssue): string => {
  const [first, ...rest] = ParseResult.ArrayFormatter.formatIssueSync(withGlimpses(issue))
  if (first === undefined) return "it has another shape than promised"
  const { message, path } = rest.reduce(
    (furthest, next) => (next.path.length > furthest.path.length ? next : furthest),
    first
  )
  const place = path.map(String).join(".")
  const fault = withoutData(message).replaceAll(/\s+/g, " ")
  return place === "" ? fault : `${place}: ${fault}`
}
