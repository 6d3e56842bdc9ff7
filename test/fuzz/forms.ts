/** What requests to fuzz with say: captured parameters and arguments, spoiled. */
import { requests } from "../core/captures.js"
import { anyTree, spoil, treeOf, write } from "./json.js"
import type { Random } from "./random.js"

/** What the requests may name; all of it is there, or was. */
export interface World {
  readonly host: string
  readonly key: string
  readonly adminToken: string
  readonly sessionIds: ReadonlyArray<string>
  readonly contextIds: ReadonlyArray<string>
  /** Signed URLs, as they are: path and query. */
  readonly fileUrls: ReadonlyArray<{ readonly method: string; readonly target: string }>
  readonly links: ReadonlyArray<{ readonly path: string; readonly token: string }>
  /** A folder of this machine that may be read into a context, and nothing else. */
  readonly seed: string
  /** Absolute path of something outside that must not be reached. */
  readonly outside: string
}

/** Every name that a request makes up, so that what lands elsewhere can be found. */
export const mark = "fuzz-mark"

export const encode = (text: string): string => {
  try {
    return encodeURIComponent(text)
  } catch {
    // Half a character cannot be encoded; as bytes it is sent all the same.
    return "%ED%A0%80"
  }
}

export const paths = (world: World): ReadonlyArray<string> => [
  "/home/wuying/work",
  `/home/wuying/work/${mark}`,
  "/home/wuying/work/a.txt",
  "/home/wuying/work/link/canary.txt",
  `/home/wuying/work/link/${mark}`,
  "/",
  "//",
  "/.",
  "~",
  `~/../../../../${mark}`,
  `../${mark}`,
  `../../../../../../../../${mark}`,
  `/../../../../../../../../tmp/${mark}`,
  `/home/wuying/work/../../../../../../${mark}`,
  `/home/wuying/work/..\\..\\${mark}`,
  `/a/./b//c/../../../${mark}`,
  `/..%2f..%2f${mark}`,
  `..%00/${mark}`,
  `/${mark}\u0000.txt`,
  `${world.outside}/canary.txt`,
  `/..${world.outside}/canary.txt`,
  `/home/wuying/work/../../../../../..${world.outside}/canary.txt`,
  `C:\\${mark}`,
  `/${mark}/${"n".repeat(300)}`,
  `/${"d/".repeat(2000)}${mark}`,
  `/${mark}\uD800`,
  `/${mark}\n`,
  "/proc/self/environ",
  // From the files of a context or a session to the folder around the server's, and beyond.
  "/../..",
  "/../../..",
  "/../../../..",
  `/../../../../${mark}`,
  ""
]

/** A value of a parameter, none of it what it should be, or nearly. */
const anyValue = (world: World, random: Random): string => {
  switch (random.below(9)) {
    case 0:
    case 1:
    case 2:
      return random.pick(paths(world))
    case 3:
      return random.pick(world.sessionIds)
    case 4:
      return random.pick(world.contextIds)
    case 5:
      return random.pick([
        "0",
        "-1",
        "1e9",
        "99999999999999999999",
        "1.5",
        "NaN",
        "10",
        "true",
        "True"
      ])
    case 6:
      return random.pick([
        "upload",
        "download",
        "RUNNING",
        "\u0000",
        "%",
        "a\u0000b",
        "x".repeat(5000)
      ])
    default:
      return write(anyTree(random))
  }
}

const known = (name: string, value: string, world: World, random: Random): string => {
  if (name === "SessionId") return random.pick(world.sessionIds)
  if (name === "ContextId" || (name === "Id" && value.startsWith("SdkCtx"))) {
    return random.pick(world.contextIds)
  }
  if (name === "Path" || name === "FilePath" || name === "ParentFolderPath") {
    return random.pick(paths(world))
  }
  return value.startsWith("[") || value.startsWith("{")
    ? value.replaceAll(/SdkCtx-[A-Za-z0-9]+/g, () => random.pick(world.contextIds))
    : value
}

export const tools = [
  "read_file",
  "read_file",
  "read_file",
  "write_file",
  "edit_file",
  "move_file",
  "create_directory",
  "list_directory",
  "get_file_info",
  "search_files",
  "read_multiple_files",
  "delete_file",
  "get_metrics",
  "shell",
  "shell",
  "no_such_tool"
]

/** Commands that look for what is not theirs, or leave something where it does not belong. */
const commands = (world: World, random: Random): ReadonlyArray<string> => [
  "env",
  "cat /proc/self/environ /proc/1/environ /proc/[0-9]*/environ",
  `cat ${world.outside}/* ${world.outside}/../* ../../../*.txt link/*`,
  `ls -R / ${world.outside}/.. | grep -v proc | tail -c 100000`,
  `echo x > ${random.pick(paths(world))}`,
  `for place in / /tmp /home /usr . .. ../..; do echo x > $place/${mark}; done`,
  `mkdir -p "${mark}/a/b"; ln -s / "${mark}/root"; ln -s ${world.outside} "${mark}/out"; mkfifo pipe`,
  "yes | head -c 3000000",
  "sleep 0.2 & exit 7",
  "exec 1>&- 2>&-",
  "kill -9 $$",
  "printf '\\377\\000'",
  "ulimit -n 5; cat /dev/zero | head -c 10",
  ":",
  "(",
  "\u0000"
]

/** Arguments of a tool, with paths that lead out. */
export const anyArgs = (world: World, random: Random): string => {
  const path = () =>
    random.chance(0.3)
      ? random.pick(["/proc/self/environ", "/proc/self/environ", `${world.outside}/canary.txt`])
      : random.pick(paths(world))
  const tree = treeOf({
    path: path(),
    source: path(),
    destination: path(),
    paths: [path(), path()],
    content: random.pick(["x", "YWJj", "\u0000", ""]),
    mode: random.pick(["overwrite", "append", "create_new"]),
    format: random.pick(["text", "binary"]),
    offset: random.pick([0, -1, 3, 1e15]),
    length: random.pick([0, 8, -1, 1e15]),
    pattern: random.pick(["*", "[", "(", "a".repeat(2000), "**/**/**", "\\"]),
    edits: [{ oldText: "a", newText: path() }],
    excludePatterns: ["*"],
    command: random.pick(commands(world, random)),
    cwd: random.chance(0.5) ? "/home/wuying/work" : path(),
    timeout_ms: random.pick([1, 200, 5000, -1, 1e15]),
    envs: random.pick([{}, { A: "b" }, { "a b": "c" }, { PATH: "", LD_PRELOAD: "x" }])
  })
  return random.chance(0.5) ? write(tree) : write(spoil(tree, random))
}

const samples = requests.filter(({ action }) => action !== null && action !== "CallMcpTool")

/** The parameters of a call, some of them spoiled. */
export const anyForm = (world: World, random: Random): Array<[name: string, value: string]> => {
  const pairs: Array<[string, string]> = []
  if (random.chance(0.25)) {
    pairs.push(["Action", "CallMcpTool"], ["Name", random.pick(tools)])
    pairs.push(["Args", anyArgs(world, random)], ["SessionId", random.pick(world.sessionIds)])
  } else {
    const sample = random.pick(samples)
    pairs.push(["Action", sample.action!])
    for (const [name, value] of Object.entries(sample.form)) {
      if (name !== "Authorization") pairs.push([name, known(name, value, world, random)])
    }
  }
  for (let times = random.below(3); times > 0; times--) {
    const index = 1 + random.below(pairs.length - 1)
    const pair = pairs[index]
    if (pair === undefined) continue
    const [name, value] = pair
    switch (random.below(6)) {
      case 0:
        pairs.splice(index, 1)
        break
      case 1:
        pairs.push([name, anyValue(world, random)])
        break
      case 2:
        pairs.push([random.pick(["__proto__", "constructor", "", "toString", "PathX"]), "1"])
        break
      case 3:
      case 4:
        pairs[index] = [
          name,
          /^[[{]/.test(value)
            ? write(spoil(treeOf(JSON.parse(write(treeOf(safe(value))))), random))
            : anyValue(world, random)
        ]
        break
      default:
        pairs[index] = [name, anyValue(world, random)]
    }
  }
  pairs.push(["Authorization", random.chance(0.97) ? `Bearer ${world.key}` : "Bearer x"])
  return pairs
}

export const safe = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export const form = (pairs: ReadonlyArray<readonly [string, string]>): string =>
  pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&")
