/** What docs/reliability.md says of the matrix, from the table alone. */
import { type Effect, effects, type Kind, kinds, shapeOf, type Slot } from "./effects.js"
import {
  exceptions,
  maxConsecutiveErrors,
  passes,
  isWorthRepeating,
  provesNoStart,
  retries
} from "./expected.js"
import { type Failure, type Fault, groups, isAbout, type Shape } from "./fault.js"
import { faults } from "./faults.js"

export const begin = "<!-- fault matrix: begin -->"
export const end = "<!-- fault matrix: end -->"

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

/** What one request at fault comes to, by the kind of request. */
const outcome = (kind: "read" | "start" | "poll", failure: Failure): string => {
  switch (kind) {
    case "read":
      return isWorthRepeating(failure) ? `repeated up to ${retries} times` : "ends with it"
    case "start":
      return provesNoStart(failure) ? `repeated up to ${retries} times` : "ends with it"
    case "poll":
      return passes(failure) ? "lived through" : "ends with it"
  }
}

const errorName = ({ _tag, reason }: Failure) =>
  _tag === "ToolError" ? "`ToolError`" : `\`${_tag}\` (\`${reason}\`)`

/** The form of answer by which a fault is told: any of the API that it is about. */
const failureOf = (fault: Fault): Failure | undefined => {
  const shapes: ReadonlyArray<Shape> = [
    "object",
    "plain",
    "list",
    "status",
    "labels",
    "toolList",
    "toolResult"
  ]
  for (const shape of shapes) {
    const meaning = isAbout(fault, shape) ? fault.means(shape) : "yes"
    if (typeof meaning === "object") return meaning
  }
  return undefined
}

/** Rows that promise the same are one. */
const grouped = (lines: ReadonlyArray<readonly [name: string, cells: ReadonlyArray<string>]>) => {
  const rows = new Map<string, { names: Array<string>; cells: ReadonlyArray<string> }>()
  for (const [name, cells] of lines) {
    const key = cells.join("|")
    const row = rows.get(key) ?? { names: [], cells }
    row.names.push(name)
    rows.set(key, row)
  }
  return [...rows.values()]
}

/** `HTTP 400 with JSON, HTTP 403 with JSON` in one. */
const shortened = (names: ReadonlyArray<string>): string => {
  const statuses = new Map<string, Array<string>>()
  for (const name of names) {
    const [, status = "", how = ""] = /^HTTP (\d+) (.*)$/.exec(name) ?? []
    const key = status === "" ? name : how
    statuses.set(key, [...(statuses.get(key) ?? []), status])
  }
  const by = new Map<string, Array<string>>()
  const others: Array<string> = []
  for (const [how, of] of statuses) {
    if (of[0] === "") others.push(how)
    else by.set(of.join(", "), [...(by.get(of.join(", ")) ?? []), how])
  }
  return [...others, ...[...by].map(([of, how]) => `HTTP ${of} ${how.join(" or ")}`)].join("; ")
}

const faultRows = (group: Fault["group"]) =>
  grouped(
    faults
      .filter((fault) => fault.group === group)
      .flatMap((fault) => {
        const failure = failureOf(fault)
        return failure === undefined
          ? []
          : [
              [
                fault.name,
                [
                  errorName(failure),
                  outcome("read", failure),
                  outcome("start", failure),
                  outcome("poll", failure)
                ]
              ] as const
            ]
      })
  ).map(({ cells, names }) => [shortened(names), ...cells])

const faultTables = (Object.keys(groups) as ReadonlyArray<Fault["group"]>)
  .filter((group) => group !== "advice" && group !== "tool")
  .map((group) =>
    [
      `**${groups[group]}**`,
      table(["what comes", "error", "read", "start", "poll"], faultRows(group))
    ].join("\n\n")
  )

const adviceTable = table(
  ["`Retry-After`", "the next request comes after"],
  faults
    .filter(({ group, name }) => group === "advice" && name.startsWith("HTTP 429"))
    .map(({ advice = 0, name }) => [
      name.replace(/^.*`Retry-After` /, ""),
      advice === 0
        ? "the pause of the schedule"
        : `${advice / 1000} s, or that pause if it is longer`
    ])
)

/** Without the words that tell ways of one method apart. */
const slotsOf = (kind: Kind) =>
  (effects as ReadonlyArray<Effect>).flatMap(({ name, slots }) =>
    slots.filter((slot: Slot) => slot.kind === kind).map(({ action }) => [action, name] as const)
  )

const effectRows = (Object.keys(kinds) as ReadonlyArray<Kind>).flatMap((kind) => {
  const byAction = new Map<string, Array<string>>()
  for (const [action, name] of slotsOf(kind)) {
    byAction.set(action, [...(byAction.get(action) ?? []), name])
  }
  return [...byAction].map(([action, names]) => [
    kind,
    `\`${action}\``,
    [...new Set(names)].map((name) => name.replace(/^([\w.]+)/, "`$1`")).join("; ")
  ])
})

const optional = (effects as ReadonlyArray<Effect>)
  .flatMap(({ slots }) => slots)
  .filter((slot) => ["list", "status", "labels"].includes(shapeOf(slot)))
  .map(({ action }) => `\`${action}\``)

/** The generated part of the page, between its markers. */
export const page = (): string =>
  [
    begin,
    [
      "What each kind of request does about a fault. A **write** is sent once, whatever comes: it",
      "ends with the error of the table. So do the bytes of a file and the single look of a handle",
      `(\`poll\`). A **read** is repeated by the retry policy (${retries} times by default) and then ends with`,
      "the error. A **start** is a write that is sent again only when the answer proves that nothing was",
      `started. A **poll** is one request of a wait: "lived through" means that the wait goes on, and`,
      `that more than ${maxConsecutiveErrors} such faults in a row end it with the last one.`
    ].join("\n"),
    ...faultTables,
    "**A tool that says no** is a `ToolError`; it is never repeated.",
    [
      "**`Data` that is missing or `null`**: an action that promises none does not look at it, whatever",
      `it holds. For ${[...new Set(optional)].join(", ")} it is the`,
      "same as an empty list. In all other answers it is the error of the table."
    ].join("\n"),
    [
      "**The bytes of files** go by the HTTP status alone: any but 2xx is `TransportError` (`Status`), and",
      "404 of a download `ApiError` (`FileNotFound`). A download that ends early is `TransportError`",
      "(`Transport`). Transfers are sent once."
    ].join("\n"),
    ["**Advice when to come back**", adviceTable].join("\n\n"),
    [
      "**Exceptions**",
      [
        ...exceptions.map(({ goesOn }) => `- ${goesOn}`),
        "- The end of a scope (`agentBay.session`) has no error channel: a release that fails is logged."
      ].join("\n")
    ].join("\n\n"),
    ["**Which effect makes which request**", table(["kind", "action", "effects"], effectRows)].join(
      "\n\n"
    ),
    end
  ].join("\n\n")
