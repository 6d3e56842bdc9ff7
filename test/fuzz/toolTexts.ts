/**
 * Answers of the tools that `files.read` asks, each right by itself: about files of all sizes, with
 * pieces that fit these or do not.
 */
import { Buffer } from "node:buffer"
import type { Random } from "./random.js"
import type { Answer } from "./replies.js"

/** As many bytes as are asked for at once. */
const piece = 61_440

const sizes = [0, 1, 2, piece - 1, piece, piece + 1, 2 * piece, 1e6, 5e12, 2 ** 53, 1e300]
const lengths = [0, 1, 2, 100, piece - 1, piece, piece + 1, 3 * piece]

const infoOf = (size: number) =>
  `name: a\npath: /a\nsize: ${BigInt(size)}\nisDirectory: false\nmode: rw-r--r--`

const answerOf = (text: string, isLink: boolean): Answer => {
  const result = { content: [{ type: "text", text }], isError: false }
  return {
    status: 200,
    headers: {},
    text: JSON.stringify(
      isLink
        ? { data: JSON.stringify({ result }) }
        : { Code: "ok", Success: true, RequestId: "r", Data: result }
    )
  }
}

/** Now and then such an answer, if these tools are asked. */
export const anyToolText = (asked: string, random: Random): Answer | undefined => {
  const isInfo = asked.endsWith(" get_file_info")
  if (!(isInfo || asked.endsWith(" read_file")) || random.chance(0.3)) return undefined
  const text = isInfo
    ? infoOf(random.pick(sizes))
    : Buffer.alloc(random.pick(lengths), "x").toString("base64")
  return answerOf(text, asked.startsWith("(link)"))
}
