/** The effects that call tools of a session, by the service or by its direct link. Plain data. */
import { type Effect, read, type Slot, start, write } from "./slots.js"

const called = { text: "{}" }
const stat = { path: "/home/wuying/there.txt", kind: "file", size: 5 }
const entries = ["FILE there.txt"]
const ran = { exitCode: 0, stdout: "", stderr: "" }

/** What a reading tool is asked by the link: again only on proof that nothing came there. */
const asked: ReadonlyArray<Slot> = [start("callTool")]
const told: ReadonlyArray<Slot> = [write("callTool")]

/** The size of a file is asked for first, then its pieces one after the other. */
const inPieces = (pieces: number): ReadonlyArray<Slot> =>
  Array.from({ length: 1 + pieces }, (_, index) => read("CallMcpTool", index, 1 + pieces))
const twoPieces: ReadonlyArray<Slot> = [write("CallMcpTool", 0, 2), write("CallMcpTool", 1, 2)]

/** A file of two pieces is told by its length and its first and last character. */
const long = "61441 of a to b"

export const toolEffects = [
  { name: "session.shell", slots: [write("CallMcpTool")], gives: ran },
  {
    name: "session.tools.list",
    slots: [read("GetSessionDetail"), read("ListMcpTools")],
    gives: "the tools of files"
  },
  { name: "session.tools.call (any tool)", slots: [write("CallMcpTool")], gives: called },
  {
    name: "session.tools.call (a tool that only reads)",
    slots: [read("CallMcpTool")],
    gives: stat
  },
  { name: "session.tools.callJson", slots: [write("CallMcpTool")], gives: {} },
  { name: "session.files.read", slots: inPieces(1), gives: "there" },
  { name: "session.files.read (two pieces)", slots: inPieces(2), gives: long },
  { name: "session.files.readString", slots: inPieces(1), gives: "there" },
  { name: "session.files.write", slots: [write("CallMcpTool")] },
  { name: "session.files.write (two pieces)", slots: twoPieces },
  { name: "session.files.append", slots: [write("CallMcpTool")] },
  { name: "session.files.append (two pieces)", slots: twoPieces },
  { name: "session.files.stat", slots: [read("CallMcpTool")], gives: stat },
  { name: "session.files.list", slots: [read("CallMcpTool")], gives: entries },
  { name: "session.files.move", slots: [write("CallMcpTool")] },
  { name: "session.files.remove", slots: [write("CallMcpTool")] },
  { name: "session.files.makeDirectory", slots: [write("CallMcpTool")] },

  // By the direct link, where a file goes in one piece
  { name: "session.shell (direct link)", slots: told, gives: ran },
  { name: "session.tools.call (any tool, direct link)", slots: told, gives: called },
  {
    name: "session.tools.call (a tool that only reads, direct link)",
    slots: asked,
    gives: stat
  },
  { name: "session.tools.callJson (direct link)", slots: told, gives: {} },
  { name: "session.files.read (direct link)", slots: asked, gives: "there" },
  { name: "session.files.readString (direct link)", slots: asked, gives: "there" },
  { name: "session.files.write (direct link)", slots: told },
  { name: "session.files.append (direct link)", slots: told },
  { name: "session.files.stat (direct link)", slots: asked, gives: stat },
  { name: "session.files.list (direct link)", slots: asked, gives: entries },
  { name: "session.files.move (direct link)", slots: told },
  { name: "session.files.remove (direct link)", slots: told },
  { name: "session.files.makeDirectory (direct link)", slots: told }
] as const satisfies ReadonlyArray<Effect>
