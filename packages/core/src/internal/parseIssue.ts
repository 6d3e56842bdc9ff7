import * as ParseResult from "effect/ParseResult"

const longestShown = 40

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
  const [first, ...rest] = ParseResult.ArrayFormatter.formatIssueSync(issue)
  if (first === undefined) return "it has another shape than promised"
  const { message, path } = rest.reduce(
    (furthest, next) => (next.path.length > furthest.path.length ? next : furthest),
    first
  )
  const place = path.map(String).join(".")
  const fault = withoutData(message).replaceAll(/\s+/g, " ")
  return place === "" ? fault : `${place}: ${fault}`
}
