/**
 * What is wrong with data that came from outside, in words.
 *
 * @since 0.1.0
 */
import * as ParseResult from "effect/ParseResult"

const longestShown = 40

/**
 * An issue with nothing in the place of the data. It may be nested so deeply that to write it takes
 * all of the stack, and so large that it takes long; and it is not shown.
 */
const withoutValues = (issue: ParseResult.ParseIssue): ParseResult.ParseIssue => {
  if ("issue" in issue) return { ...issue, issue: withoutValues(issue.issue) }
  if (issue._tag === "Composite") {
    const [first, ...rest] = [issue.issues].flat().map(withoutValues)
    return first === undefined ? issue : { ...issue, issues: [first, ...rest] }
  }
  const { _tag, actual } = issue
  if (_tag !== "Type" || Object(actual) !== actual) return issue
  return { ...issue, actual: Array.isArray(actual) ? [] : {} }
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
