/** What docs/reliability.md says of the matrix, from the table alone. */
import { effects } from "./effects.js"
import { budget, exceptions, grace, maxConsecutiveErrors, repeats, retries } from "./expected.js"
import { type Failure, type Fault, groups, isAbout, type Shape } from "./fault.js"
import { faults } from "./faults.js"
import { happenings } from "./happenings.js"
import { type Effect, type Kind, kinds, shapeOf } from "./slots.js"
import { type End, endOf, happeningsOf, stateWaits, taskWaits } from "./waits.js"

export const begin = "<!-- fault matrix: begin -->"
export const end = "<!-- fault matrix: end -->"

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

/** What one request at fault comes to, by the kind of request; the number is that of all sent. */
const outcome = (kind: "read" | "start" | "poll", failure: Failure): string => {
  const more = repeats(kind, failure)
  if (more === 0) return "ends with it: 1"
  return `${kind === "poll" ? "lived through" : "repeated"}: up to ${1 + more}`
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
    "toolResult",
    "link"
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

const rows: ReadonlyArray<Effect> = effects

/** How many requests of this kind and action each effect makes when nothing goes wrong. */
const countsOf = (kind: Kind) => {
  const counts = new Map<string, Map<string, number>>()
  for (const { name, slots } of rows) {
    for (const { action, before, clean, kind: own } of slots) {
      if (own !== kind) continue
      const of = counts.get(action) ?? new Map<string, number>()
      // What an effect asks for page by page is told by several slots, of one request each.
      const isOne = slots.filter((slot) => slot.action === action).length > 1 && kind !== "poll"
      of.set(name, (of.get(name) ?? 0) + (isOne ? 1 : clean - before))
      counts.set(action, of)
    }
  }
  return counts
}

const inCode = (name: string) => name.replace(/^([\w.]+)/, "`$1`")

const effectRows = (Object.keys(kinds) as ReadonlyArray<Kind>).flatMap((kind) =>
  [...countsOf(kind)].map(([action, counts]) => [
    kind,
    `\`${action}\``,
    [...counts]
      .map(([name, count]) => `${inCode(name)}${count === 1 ? "" : ` × ${count}`}`)
      .join("; ")
  ])
)

/** What waits come to that are never shown anything. */
const silenceRows = grouped(
  rows.flatMap(({ name, slots }) => {
    const wait = slots.find(({ kind, silence }) => kind === "poll" && silence !== undefined)
    if (wait?.silence === undefined) return []
    const isSettled = wait.silence.settles !== undefined
    const end = isSettled ? "taken for nothing to wait for" : "`SyncTimeout`"
    return [[inCode(name), [end, String(isSettled ? 1 + grace : budget)]] as const]
  })
).map(({ cells, names }) => [names.join("; "), ...cells])

const endCell = (end: End, polls: number) => {
  const words = end === "settles" ? "nothing to wait for" : end === "goes well" ? end : `\`${end}\``
  return `${words}: ${polls}`
}

const taskTable = table(
  ["what the polls show", "syncs and handles", "`create`, `session`", "`bind` (awaitDownload)"],
  happenings.map((happening) => [
    happening.name,
    ...(["sync", "create", "bind"] as const).map((kind) => {
      const wait = taskWaits.find((one) => one.kind === kind)
      if (wait === undefined || !happeningsOf(wait).includes(happening)) return "–"
      const { end, polls } = endOf(kind, happening)
      return endCell(end, polls)
    })
  ])
)

const stateTable = table(
  ["effects", "what the polls tell", "end"],
  grouped(
    stateWaits.flatMap(({ effects: names, happenings: of }) =>
      of.map(
        ({ end, name, polls }) =>
          [names.map(inCode).join("; "), [name, endCell(end, polls)]] as const
      )
    )
  ).map(({ cells, names }) => [names.join("; "), ...cells])
)

/** The statuses at which the bytes of a file do otherwise than at any but 2xx. */
const statusesOf = (shape: Shape, isGood: boolean): string =>
  faults
    .filter(({ answer, only }) => answer._tag === "Answer" && only?.includes(shape) === true)
    .flatMap(({ answer, means, name }) =>
      name.startsWith("HTTP 2") && (typeof means(shape) !== "object") === isGood
        ? [answer._tag === "Answer" ? answer.status : 0]
        : []
    )
    .join(", ")

const optional = rows
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
      `that more than ${maxConsecutiveErrors} such faults in a row end it with the last one.`,
      "The numbers are those of the requests that are sent when the fault stays, the first among them."
    ].join("\n"),
    ...faultTables,
    "**A tool that says no** is a `ToolError`; it is never repeated.",
    [
      "**`Data` that is missing or `null`**: an action that promises none does not look at it, whatever",
      `it holds: its effect gives the same after the same requests. For ${[...new Set(optional)].join(", ")}`,
      "it is the same as an empty list: that is what a list gives, and a baseline or one poll with it is",
      "one in which nothing was listed. In all other answers it is the error of the table."
    ].join("\n"),
    [
      `**Waits that are shown no task, ever**, with ${grace} polls of grace and a budget of ${budget}. A task`,
      "that was shown and vanishes is waited for until the budget is used up: `SyncTimeout`."
    ].join("\n"),
    table(["effect", "end", "polls"], silenceRows),
    [
      "**What waits for tasks are shown**, in answers that are in order: how they end, and after how many",
      `polls, of a budget of ${budget}. A handle has the baseline of its \`start\`.`
    ].join("\n"),
    taskTable,
    "**What waits for states are told**, in the same way.",
    stateTable,
    [
      "**The bytes of files** go by the HTTP status alone. An upload is done with any 2xx (tried:",
      `${statusesOf("upload", true)}). A download is one with 200 only: other statuses, 2xx too (tried:`,
      `${statusesOf("download", false)}), are \`TransportError\` (\`Status\`), and 404 is \`ApiError\` (\`FileNotFound\`).`,
      "A download that ends early is `TransportError` (`Transport`). Transfers are sent once.",
      "",
      "**A direct link** goes by the HTTP status, too: any but 2xx is `TransportError` (`Status`), with or",
      "without JSON. A tool that only reads is asked again only on proof that the link had nothing of it,",
      "as a start; all others are sent once."
    ].join("\n"),
    ["**Advice when to come back**", adviceTable].join("\n\n"),
    [
      "**Exceptions**",
      [
        ...exceptions.map(({ goesOn }) => `- ${goesOn}`),
        "- `contexts.create` and `contexts.getOrCreate` are a read that may create: `GetContext` with " +
          "`AllowCreate`. Since a name has one context, asking again creates no second one, and so it is " +
          "repeated as a read, also when the connection was lost after it was sent.",
        "- `session.delete` with `force` goes on to the release when its sync fails.",
        "- The end of a scope (`agentBay.session`) has no error channel: a release that fails is logged."
      ].join("\n")
    ].join("\n\n"),
    [
      "**Which effect makes which request**, and how many where it is not one; in the tests the end of",
      "each wait shows at its third poll, and lists have two pages. `callTool` goes by the direct link."
    ].join("\n"),
    table(["kind", "action", "effects"], effectRows),
    end
  ].join("\n\n")
