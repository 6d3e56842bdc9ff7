import { fileTools } from "./fileTools.js"
import { field, type MemoryReply, ok, type Parameters, parseJson } from "./reply.js"
import type { MemorySession } from "./world.js"

const text = { type: "string" }
const texts = { type: "array", items: text }
const number = { type: "integer" }
const format = { type: "string", enum: ["text", "binary"] }

/** The arguments of each tool, for those who list the tools. */
const inputs: { readonly [name: string]: { readonly [argument: string]: unknown } } = {
  // The format tells a client that `write_file` takes bytes.
  write_file: { path: text, content: text, mode: text, format },
  read_file: { path: text, offset: number, length: number, format },
  get_file_info: { path: text },
  create_directory: { path: text },
  delete_file: { path: text },
  list_directory: { path: text },
  move_file: { source: text, destination: text },
  edit_file: { path: text, edits: { type: "array" }, dryRun: { type: "boolean" } },
  search_files: { path: text, pattern: text, excludePatterns: texts },
  read_multiple_files: { paths: texts },
  get_file_change: { path: text }
}

export const toolList = JSON.stringify(
  Object.entries(inputs).map(([name, properties]) => ({
    name,
    server: "wuying_filesystem",
    description: `${name} of the files in memory`,
    inputSchema: { type: "object", properties },
    tool: name
  }))
)

/** Calls a tool. There is no machine behind it: `shell` and the like are not found. */
export const callTool = (
  session: MemorySession,
  parameters: Parameters,
  at: number
): MemoryReply => {
  const name = parameters["Name"] ?? ""
  const tool = Object.hasOwn(fileTools, name) ? fileTools[name] : undefined
  const args = parseJson(parameters["Args"])
  const { content, isError } = tool?.(session, (key) => field(args, key), at) ?? {
    content: `tool not found: ${name}`,
    isError: true
  }
  return ok({ content: [{ type: "text", text: content }], isError })
}
