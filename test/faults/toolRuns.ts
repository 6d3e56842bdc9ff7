/** How the effects that call tools are run. */
import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import type { Session } from "@effect-agentbay/core/Session"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { pieceSize } from "../../packages/core/src/internal/textPieces.js"
import type { toolEffects } from "./toolEffects.js"
import { type Run, type Runnable, running } from "./world.js"

/** So many tools of files there are in memory. */
const fileTools = 11

const file = "/home/wuying/there.txt"
const long = `a${"x".repeat(pieceSize - 1)}b`

/** What a tool says that is no tool of files, by the service and by the link. */
const says = (text: string): NonNullable<Runnable["good"]> => {
  const result = { content: [{ type: "text", text }], isError: false }
  return {
    CallMcpTool: () => AgentBayTest.ok(result),
    callTool: () => AgentBayTest.raw(200, JSON.stringify({ data: { result } }))
  }
}

type OfSession = (session: Session) => Run

const inSession = (run: OfSession): Runnable => running(({ session }) => run(session))

const saying = (text: string, run: OfSession): Runnable =>
  running(({ session }) => run(session), says(text))

/** With a file in the session. */
const withFile = (run: OfSession, content = "there"): Runnable => ({
  prepare: ({ session }) => Effect.as(session.files.write(file, content), run(session))
})

const linked = (runnable: Runnable): Runnable => ({ ...runnable, linked: true })

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const endsOf = (text: string) => `${text.length} of ${text.at(0)} to ${text.at(-1)}`

const shell = saying('{"exit_code":0}', (session) => session.shell("true"))
const anyTool = saying("{}", (session) =>
  Effect.map(session.tools.call("get_metrics"), ({ text }) => ({ text }))
)
const json = saying("{}", (session) => session.tools.callJson(Schema.Struct({}), "get_metrics"))

const readingTool = withFile((session) =>
  Effect.map(session.tools.call("get_file_info", { path: file }), ({ text }) => ({
    path: /^path: (.*)$/m.exec(text)?.[1],
    kind: /^isDirectory: false$/m.test(text) ? "file" : "something else",
    size: Number(/^size: (.*)$/m.exec(text)?.[1])
  }))
)
const stat = withFile((session) =>
  Effect.map(session.files.stat(file), ({ kind, path, size }) => ({ path, kind, size }))
)
const list = withFile((session) =>
  Effect.map(session.files.list("/home/wuying"), (entries) =>
    entries.map(({ kind, name }) => `${kind === "file" ? "FILE" : "DIR"} ${name}`)
  )
)
const readFile = withFile((session) => Effect.map(session.files.read(file), textOf))
const readString = withFile((session) => session.files.readString(file))
const writeFile = inSession((session) => session.files.write(file, "new"))
const append = withFile((session) => session.files.append(file, "more"))
const move = withFile((session) => session.files.move(file, `${file}.moved`))
const remove = withFile((session) => session.files.remove(file))
const makeDirectory = inSession((session) => session.files.makeDirectory("/home/wuying/new"))

type Name = (typeof toolEffects)[number]["name"]

export const toolRuns: { readonly [name in Name]: Runnable } = {
  "session.shell": shell,
  "session.tools.list": inSession((session) =>
    Effect.map(session.tools.list, (tools) =>
      tools.length === fileTools && tools.every(({ server }) => server === "wuying_filesystem")
        ? "the tools of files"
        : `${tools.length} tools`
    )
  ),
  "session.tools.call (any tool)": anyTool,
  "session.tools.call (a tool that only reads)": readingTool,
  "session.tools.callJson": json,
  "session.files.read": readFile,
  "session.files.read (two pieces)": withFile(
    (session) => Effect.map(session.files.read(file), (bytes) => endsOf(textOf(bytes))),
    long
  ),
  "session.files.readString": readString,
  "session.files.write": writeFile,
  "session.files.write (two pieces)": inSession((session) => session.files.write(file, long)),
  "session.files.append": append,
  "session.files.append (two pieces)": withFile((session) => session.files.append(file, long)),
  "session.files.stat": stat,
  "session.files.list": list,
  "session.files.move": move,
  "session.files.remove": remove,
  "session.files.makeDirectory": makeDirectory,

  "session.shell (direct link)": linked(shell),
  "session.tools.call (any tool, direct link)": linked(anyTool),
  "session.tools.call (a tool that only reads, direct link)": linked(readingTool),
  "session.tools.callJson (direct link)": linked(json),
  "session.files.read (direct link)": linked(readFile),
  "session.files.readString (direct link)": linked(readString),
  "session.files.write (direct link)": linked(writeFile),
  "session.files.append (direct link)": linked(append),
  "session.files.stat (direct link)": linked(stat),
  "session.files.list (direct link)": linked(list),
  "session.files.move (direct link)": linked(move),
  "session.files.remove (direct link)": linked(remove),
  "session.files.makeDirectory (direct link)": linked(makeDirectory)
}
