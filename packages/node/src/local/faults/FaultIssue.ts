/**
 * What is said of rules that are not valid.
 *
 * @since 0.1.0
 */
import { issuesOf } from "@effect-agentbay/core/Protocol"
import type * as ParseResult from "effect/ParseResult"

/** The deepest of the issues: of a union, the one that got furthest knows best what was meant. */
const furthest = (issues: ReturnType<typeof issuesOf>) =>
  issues.reduce<(typeof issues)[number] | undefined>(
    (best, issue) => (best === undefined || issue.path.length > best.path.length ? issue : best),
    undefined
  )

const nameOf = (input: unknown, index: PropertyKey | undefined): string => {
  const rule: unknown = Array.isArray(input) && typeof index === "number" ? input[index] : undefined
  const name = typeof rule === "object" && rule !== null && "name" in rule ? rule.name : undefined
  return typeof name === "string" ? ` (${JSON.stringify(name)})` : ""
}

/**
 * What is wrong with rules: which of them, the part of it, and what is wrong there.
 *
 * @since 0.1.0
 */
export const explain = (input: unknown, error: ParseResult.ParseError): string => {
  const issue = furthest(issuesOf(error.issue))
  if (issue === undefined) return "they have another shape"
  const [index, ...inside] = issue.path
  if (typeof index !== "number") return "they must be a list of rules"
  const where = inside.length === 0 ? "" : `${inside.map(String).join(".")}: `
  return `rule ${index + 1}${nameOf(input, index)}: ${where}${issue.message}`
}
