/** Answers of a service that has lost its mind: sample replies, spoiled, and plain nonsense. */
import { Buffer } from "node:buffer"
import * as NodeZlib from "node:zlib"
import { responses } from "../core/captures.js"
import { anyTree, spoil, treeOf, write } from "./json.js"
import type { Random } from "./random.js"

export interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string | ReadonlyArray<string> | undefined }
  readonly text: string
}

const samplesByAction = new Map<string, Array<(typeof responses)[number]>>()
for (const sample of responses) {
  const of = samplesByAction.get(sample.action)
  if (of === undefined) samplesByAction.set(sample.action, [sample])
  else of.push(sample)
}

const statuses = [0, 100, 101, 199, 204, 301, 302, 304, 400, 401, 403, 404, 408, 429, 499, 500]
const moreStatuses = [502, 503, 504, 599, 600, 999, -1, 1e9]

/** Whether an HTTP status says that what was asked for was done. */
export const isYes = (status: number): boolean => status >= 200 && status <= 299

const delays = [
  "",
  "0",
  "-0",
  "1",
  "1.5",
  "-5",
  "1e999",
  "NaN",
  "0x1F",
  " 3 ",
  "99999999999999999999",
  "Wed, 21 Oct 2015 07:28:00 GMT",
  "Fri, 31 Dec 9999 23:59:59 GMT",
  "+275760-09-13T00:00:00Z",
  "tomorrow",
  "1, 2",
  "\u0000",
  "٣"
]

/** Header values that make no sense; mostly none. */
const anyHeaders = (random: Random): Answer["headers"] => {
  if (random.chance(0.7)) return {}
  const value = () =>
    random.chance(0.2) ? [random.pick(delays), random.pick(delays)] : random.pick(delays)
  return {
    ...(random.chance(0.7) ? { "retry-after": value() } : {}),
    ...(random.chance(0.4) ? { "x-acs-retry-after": value() } : {}),
    ...(random.chance(0.2) ? { "content-type": random.pick(["text/html", "x", ""]) } : {}),
    ...(random.chance(0.1) ? { "content-length": random.pick(delays) } : {}),
    ...(random.chance(0.1) ? { location: "http://127.0.0.1:1/" } : {}),
    ...(random.chance(0.05)
      ? { ["__proto__"]: "x", constructor: "y", "retry-after": undefined }
      : {})
  }
}

const pieces = [
  "\uFEFF",
  "\u0000",
  "{",
  "}",
  "[",
  "]",
  '"',
  ",",
  ":",
  "\\",
  "\\u",
  "e9",
  "<html>",
  "\uD800",
  "\n",
  "null"
]

/** Spoils the text itself. */
const spoilText = (text: string, random: Random): string => {
  const at = random.below(text.length + 1)
  switch (random.below(9)) {
    case 0:
      return text.slice(0, at)
    case 1:
      return `${text.slice(0, at)}${random.pick(pieces)}${text.slice(at)}`
    case 2:
      return text.slice(0, at) + text.slice(at + 1 + random.below(20))
    case 3:
      return text + text
    case 4:
      return `\uFEFF${text}`
    case 5: {
      // Bytes that are no UTF-8.
      const bytes = Buffer.from(text)
      if (bytes.length > 0) bytes[random.below(bytes.length)] = 128 + random.below(128)
      return new TextDecoder().decode(bytes)
    }
    case 6:
      // What was packed and is told to be so by nobody.
      return new TextDecoder().decode(NodeZlib.gzipSync(text.slice(0, 1000)))
    case 7:
      return `${" \n\t".repeat(random.below(50))}${text}${"\n".repeat(random.below(3))}`
    default:
      return random.pick([
        "",
        " ",
        "null",
        "<html><body>Bad gateway</body></html>",
        "ok",
        "\u0000",
        "[]",
        '""'
      ])
  }
}

/** One answer to an action. The first cases of each are the samples as they are. */
export const anyAnswer = (action: string, random: Random): Answer => {
  const samples = random.chance(0.93) ? samplesByAction.get(action) : undefined
  const sample = random.pick(samples ?? responses)
  const isNonsense = random.chance(0.08)
  let tree = isNonsense ? anyTree(random) : treeOf(sample.body)
  const times = random.chance(0.04) ? 0 : 1 + random.below(random.chance(0.7) ? 3 : 10)
  if (!isNonsense) for (let count = 0; count < times; count++) tree = spoil(tree, random)
  const text = write(tree)
  return {
    status: random.chance(0.85)
      ? random.chance(0.9)
        ? sample.httpStatus
        : 200
      : random.pick([...statuses, ...moreStatuses]),
    headers: anyHeaders(random),
    text: random.chance(0.12) ? spoilText(text, random) : text
  }
}
