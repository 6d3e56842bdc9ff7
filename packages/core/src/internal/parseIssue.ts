import type * as ParseResult from "effect/ParseResult"
import { issuesOf } from "../Protocol/Issue.js"

/**
 * What is wrong, in one line: the place in the data and the fault at it. Where several
 * shapes were tried, the one that got furthest says it.
 */
export const describeIssue = (issue: ParseResult.ParseIssue): string => {
  const [first, ...rest] = issuesOf(issue)
  if (first === undefined) return "it has another shape than promised"
  const { message, path } = rest.reduce(
    (furthest, next) => (next.path.length > furthest.path.length ? next : furthest),
    first
  )
  const place = path.map(String).join(".")
  const fault = message.replaceAll(/\s+/g, " ")
  return place === "" ? fault : `${place}: ${fault}`
}
