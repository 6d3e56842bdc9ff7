import { isPlainObject, shown } from "./arguments.js"
import { isAbsolute, pathIssue } from "./pathIssue.js"
import * as Words from "./policyWords.js"

/** What is wrong with an argument, and where in it. */
export interface Issue {
  readonly argument: string
  readonly issue: string
}

type Check = (value: unknown, at: string) => Issue | undefined

const issueAt = (argument: string, issue: string): Issue => ({ argument, issue })

const firstOf = <A>(
  items: Iterable<A>,
  check: (item: A) => Issue | undefined
): Issue | undefined => {
  for (const item of items) {
    const issue = check(item)
    if (issue !== undefined) return issue
  }
  return undefined
}

/** A part may be absent or null wherever it stands. */
const optional =
  (check: Check): Check =>
  (value, at) =>
    value === undefined || value === null ? undefined : check(value, at)

/** An object with no other keys than these. */
const keys =
  (checks: { readonly [key: string]: Check }): Check =>
  (value, at) => {
    // Of a map, a date or an instance of a class nothing or not all would be sent.
    if (!isPlainObject(value)) return issueAt(at, `must be a plain object, but is ${shown(value)}`)
    const unknown = Object.keys(value).find((key) => !Object.hasOwn(checks, key))
    if (unknown !== undefined) {
      const known = Object.keys(checks).join(", ")
      return issueAt(`${at}.${unknown}`, `is no key of a policy; here may stand: ${known}`)
    }
    return firstOf(Object.entries(checks), ([key, check]) =>
      optional(check)(value[key], `${at}.${key}`)
    )
  }

const list =
  (check: Check): Check =>
  (value, at) =>
    Array.isArray(value)
      ? firstOf(value.entries(), ([index, item]) => check(item, `${at}[${index}]`))
      : issueAt(at, `must be a list, but is ${shown(value)}`)

const truth: Check = (value, at) =>
  typeof value === "boolean"
    ? undefined
    : issueAt(at, `must be true or false, but is ${shown(value)}`)

const seconds: Check = (value, at) =>
  Number.isSafeInteger(value) && Number(value) > 0
    ? undefined
    : issueAt(at, `must be a whole number of seconds from 1 on, but is ${shown(value)}`)

const oneOf =
  (words: ReadonlyArray<string>): Check =>
  (value, at) =>
    typeof value === "string" && words.includes(value)
      ? undefined
      : issueAt(
          at,
          `must be ${words.length === 1 ? "" : "one of "}${words.join(", ")}, but is ${shown(value)}`
        )

const text =
  (issueOf: (path: string) => string | undefined): Check =>
  (value, at) => {
    if (typeof value !== "string") return issueAt(at, `must be a text, but is ${shown(value)}`)
    const issue = issueOf(value)
    return issue === undefined ? undefined : issueAt(at, `${issue}, but is ${shown(value)}`)
  }

const wildcardIssue = (path: string): string | undefined =>
  /[*?[\]]/.test(path)
    ? "must be an exact path, since wildcards (* ? [ ]) are not supported"
    : undefined

const inMount = text((path) => wildcardIssue(path) ?? pathIssue(path))

const recycled = text((path) => (path.trim() === "" ? undefined : wildcardIssue(path)))

const stored = text((path) =>
  isAbsolute(path)
    ? pathIssue(path)
    : "must be an absolute path, for example /home/wuying/work or C:\\work"
)

const policy = keys({
  uploadPolicy: keys({
    autoUpload: truth,
    uploadStrategy: oneOf([Words.uploadStrategy]),
    uploadMode: oneOf(Words.uploadModes),
    period: seconds
  }),
  downloadPolicy: keys({ autoDownload: truth, downloadStrategy: oneOf([Words.downloadStrategy]) }),
  deletePolicy: keys({ syncLocalFile: truth }),
  extractPolicy: keys({ extract: truth, deleteSrcFile: truth, extractToCurrentFolder: truth }),
  recyclePolicy: keys({ lifecycle: oneOf(Words.wireLifecycles), paths: list(recycled) }),
  bwList: keys({
    whiteLists: list(keys({ path: optional(inMount), excludePaths: list(inMount) }))
  }),
  mappingPolicy: keys({ path: stored })
})

/** The first thing that is wrong with a policy, or nothing. */
export const policyIssue: Check = policy
