/**
 * Keeps the commands of a session inside it, by bubblewrap: they see the folders of their
 * session, the programs of this machine, and nothing else; no network, no other processes.
 *
 * @since 0.1.0
 */
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import * as MountPath from "../MountPath.js"

/**
 * What is to be run in isolation, and in which session.
 *
 * @since 0.1.0
 */
export interface Command {
  /** What the session sees as its `/`. */
  readonly root: string
  /** The data directory, which no command may see, wherever it lies. */
  readonly dataDirectory: string
  /** The words of the command; its program is looked for inside. */
  readonly words: ReadonlyArray<string>
  readonly env: { readonly [name: string]: string }
}

/**
 * What bubblewrap can do, depending on its version.
 *
 * @since 0.1.0
 */
export interface Abilities {
  /** `--disable-userns` and `--size`, since 0.8. */
  readonly modern: boolean
}

/** Programs and what they need. Not all of `/usr`: containers often have projects in `/usr/src`. */
const programDirectories = [
  ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"],
  ["bin", "sbin", "include", "lib", "lib32", "lib64", "libexec", "libx32", "share"].map(
    (name) => `/usr/${name}`
  ),
  ["bin", "sbin", "include", "lib", "lib64", "libexec", "share"].map((name) => `/usr/local/${name}`)
].flat()

/**
 * Where commands look for programs.
 *
 * @since 0.1.0
 */
export const searched = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/** Of the machine's settings, what programs do not start without. */
const settings = ["/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d"]

/** Directories of the session's root that the machine's take the place of. */
const systemNames = new Set(
  ["/proc", "/dev", "/sys", "/etc", ...programDirectories].map((path) => path.split("/")[1])
)

const user = "wuying"

/**
 * Under which user of this machine commands run: the server's own, or one that nobody is when
 * the server runs as root. A command of root's, even without any of its powers, owns what is
 * root's: the settings of the kernel, for one.
 *
 * @since 0.1.0
 */
export const userId: number = process.getuid?.() === 0 ? 60_999 : (process.getuid?.() ?? 0)

/** How commands come to be under that user, and the number under which they see it. */
const identity =
  process.getuid?.() === 0
    ? {
        seen: String(userId),
        options: ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"],
        modern: [],
        words: `setpriv --reuid ${userId} --regid ${userId} --clear-groups --inh-caps=-all`.split(
          " "
        )
      }
    : {
        seen: "1000",
        options: ["--unshare-user", "--uid", "1000", "--gid", "1000", "--cap-drop", "ALL"],
        modern: ["--disable-userns"],
        words: []
      }

/** Name of the machine, as commands see it. */
const hostName = "agentbay"

const madeUp: ReadonlyArray<readonly [path: string, content: string]> = [
  ["/etc/passwd", `${user}:x:${identity.seen}:${identity.seen}::${MountPath.home}:/bin/sh\n`],
  ["/etc/group", `${user}:x:${identity.seen}:\n`],
  ["/etc/hosts", `127.0.0.1 localhost ${hostName}\n::1 localhost\n`],
  ["/etc/hostname", `${hostName}\n`],
  ["/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"]
]

const kindOf = (path: string): "directory" | "file" | "link" | "other" => {
  const stats = NodeFs.lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return "other"
  if (stats.isSymbolicLink()) return "link"
  return stats.isDirectory() ? "directory" : stats.isFile() ? "file" : "other"
}

const programs = (): ReadonlyArray<string> =>
  programDirectories.flatMap((path) => {
    const kind = kindOf(path)
    if (kind === "link") return ["--symlink", NodeFs.readlinkSync(path), path]
    return kind === "directory" ? ["--ro-bind", path, path] : []
  })

/** The data directory where it lies in what commands see: an empty one stands there. */
const hidden = (dataDirectory: string): ReadonlyArray<string> => {
  const isSeen = programDirectories.some(
    (path) =>
      NodeFs.existsSync(path) && `${dataDirectory}/`.startsWith(`${NodeFs.realpathSync(path)}/`)
  )
  return isSeen ? ["--tmpfs", dataDirectory, "--remount-ro", dataDirectory] : []
}

/**
 * What lies in the session's root, each at its path. The root itself is not theirs: what a
 * command would write there, where no folder of the session is, would be lost.
 */
const sessionFolders = (root: string): ReadonlyArray<string> =>
  NodeFs.readdirSync(root)
    .filter((name) => !systemNames.has(name))
    .flatMap((name) => {
      const host = NodePath.join(root, name)
      // A link would be followed on this machine.
      const kind = kindOf(host)
      return kind === "directory" || kind === "file" ? ["--bind", host, `/${name}`] : []
    })

const sharedMemory = (64 * 1024 * 1024).toString()

/**
 * Variables of the caller's, kept from all that runs before the command: a path or a library of
 * theirs would become what gives powers away and sets limits. Under the names in `env` they mean
 * nothing, and `reveal`, the last thing before the command, gives them their own. One that the
 * shell will not have is left out.
 *
 * @since 0.1.0
 */
export const withhold = (
  variables: Command["env"]
): { readonly env: Command["env"]; readonly reveal: string } => {
  const names = Object.keys(variables)
  let prefix = "agentbay_"
  while (names.some((name) => name.startsWith(prefix))) prefix += "_"
  return {
    env: Object.fromEntries(
      Object.values(variables).map((value, index) => [`${prefix}${index}`, value])
    ),
    reveal: names
      .map((name, index) => [name, `${prefix}${index}`])
      .map(([name, held]) => `command export ${name}="$${held}" 2>/dev/null; unset ${held}`)
      .join("\n")
  }
}

/**
 * The arguments of bubblewrap. They go to it by its descriptor 3, where no other user of the
 * machine can read them, and the made-up settings by those after it.
 *
 * @since 0.1.0
 */
export const make = (
  { dataDirectory, env, root, words }: Command,
  { modern }: Abilities
): { readonly args: ReadonlyArray<string>; readonly feeds: ReadonlyArray<string> } => {
  const args = [
    identity.options,
    ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"],
    ["--hostname", hostName, "--die-with-parent", "--new-session"],
    ["--dir", "/usr", "--dir", "/usr/local", "--dir", "/etc"],
    programs(),
    settings.flatMap((path) => ["--ro-bind-try", path, path]),
    madeUp.flatMap(([path], index) =>
      [
        ["--perms", "0644"],
        ["--ro-bind-data", String(4 + index), path]
      ].flat()
    ),
    ["--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev"],
    modern ? ["--perms", "1777", "--size", sharedMemory, "--tmpfs", "/dev/shm"] : [],
    ["--remount-ro", "/dev"],
    sessionFolders(root),
    hidden(dataDirectory),
    ["--remount-ro", "/", "--chdir", "/"],
    modern ? identity.modern : [],
    Object.entries(env).flatMap(([name, value]) => ["--setenv", name, value])
  ].flat()
  return {
    args: ["--args", "3", "--", ...identity.words, ...words],
    feeds: [args.map((arg) => `${arg}\0`).join(""), ...madeUp.map(([, content]) => content)]
  }
}
