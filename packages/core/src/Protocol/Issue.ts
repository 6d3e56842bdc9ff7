/**
 * What is wrong with data that came from outside, in words.
 *
 * @since 0.1.0
 */
import * as ParseResult from "effect/ParseResult"

const longestShown = 40

/**
 * An issue with something small in the place of what was found. Data may be nested so deeply that
 * to write it takes all of the stack, and so large that it takes long; and none of it is shown.
 */
const withoutValues = (issue: ParseResult.ParseIssue): ParseResult.ParseIssue => {
  switch (issue._tag) {
    case "Type": {
      const { actual } = issue
      const small =
        typeof actual === "string"
          ? actual.slice(0, longestShown + 1)
          : Array.isArray(actual)
            ? []
            : {}
      return typeof actual === "string" || (typeof actual === "object" && actual !== null)
        ? { ...issue, actual: small }
        : issue
    }
    case "Composite": {
      const [first, ...rest] = [issue.issues].flat()
      return first === undefined
        ? issue
        : { ...issue, issues: [withoutValues(first), ...rest.map(withoutValues)] }
    }
    case "Pointer":
    case "Refinement":
    case "Transformation":
      return { ...issue, issue: withoutValues(issue.issue) }
    default:
      return issue
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
 * The places in the data and the faults there. Nothing of the data is told that is more than a
 * word, and neither its size nor its depth matters.
 *
 * @since 0.1.0
 * @category errors
 */
export const issuesOf = (
  issue: ParseResult.ParseIssue
): ReadonlyArray<{ readonly path: ReadonlyArray<PropertyKey>; readonly message: string }> =>
  ParseResult.ArrayFormatter.formatIssueSync(withoutValues(issue)).map(({ message, path }) => ({
    path,
    message: withoutData(message)
  }))
