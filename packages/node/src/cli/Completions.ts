/**
 * Scripts that complete the words of this command line. The parser's own scripts lose track
 * below the first word of a command (`session create`), so these are made from the help pages.
 *
 * @since 0.1.0
 */
import type * as HelpPage from "./HelpPage.js"

/**
 * The shells that there is a script for.
 *
 * @since 0.1.0
 */
export const shells = ["bash", "zsh", "fish"] as const

/**
 * @since 0.1.0
 */
export type Shell = (typeof shells)[number]

/** What may follow some words: further words or, when they call a command, its options. */
interface Place {
  readonly words: string
  readonly following: ReadonlyArray<string>
}

const beginnings = (words: ReadonlyArray<string>): ReadonlyArray<string> =>
  words.map((_, index) => words.slice(0, index).join(" "))

const placesOf = (commands: ReadonlyArray<HelpPage.Called>): ReadonlyArray<Place> => {
  const following = new Map<string, Set<string>>([["", new Set()]])
  for (const { options, words } of commands) {
    for (const [index, beginning] of beginnings(words).entries()) {
      const known = following.get(beginning) ?? new Set()
      following.set(beginning, known.add(words[index] ?? ""))
    }
    following.set(words.join(" "), new Set([...options, "--help"]))
  }
  return [...following].map(([words, next]) => ({ words, following: [...next] }))
}

const quoted = (text: string) => `'${text}'`

const patterns = (places: ReadonlyArray<Place>) =>
  places
    .filter(({ words }) => words !== "")
    .map(({ words }) => quoted(words))
    .join("|")

const bash = (places: ReadonlyArray<Place>): string => `# agentbay completions for bash
_agentbay() {
  local word path="" next=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${patterns(places)}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${places.map(({ following, words }) => `    ${quoted(words)}) next=${quoted(following.join(" "))} ;;`).join("\n")}
  esac
  COMPREPLY=($(compgen -W "$next" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _agentbay agentbay`

const zsh = (places: ReadonlyArray<Place>): string => `#compdef agentbay
_agentbay() {
  local word place="" next=""
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${place:+$place }$word" in
      ${patterns(places)}) place="\${place:+$place }$word" ;;
    esac
  done
  case "$place" in
${places.map(({ following, words }) => `    ${quoted(words)}) next=${quoted(following.join(" "))} ;;`).join("\n")}
  esac
  compadd -- \${=next} || _files
}
if [ "$funcstack[1]" = "_agentbay" ]; then _agentbay; else compdef _agentbay agentbay; fi`

const fish = (places: ReadonlyArray<Place>): string => `# agentbay completions for fish
function __agentbay_at
  set -l place
  for word in (commandline -opc)[2..]
    switch (string join ' ' -- $place $word)
      case ${places
        .filter(({ words }) => words !== "")
        .map(({ words }) => quoted(words))
        .join(" ")}
        set place $place $word
    end
  end
  test "$(string join ' ' -- $place)" = "$argv[1]"
end
${places
  .map(
    ({ following, words }) =>
      `complete -c agentbay -n "__agentbay_at ${quoted(words)}" ${
        following.some((word) => word.startsWith("-")) ? "" : "-f "
      }-a ${quoted(following.join(" "))}`
  )
  .join("\n")}`

const scripts: { readonly [shell in Shell]: (places: ReadonlyArray<Place>) => string } = {
  bash,
  zsh,
  fish
}

/**
 * The script for a shell.
 *
 * @since 0.1.0
 */
export const script = (shell: Shell, commands: ReadonlyArray<HelpPage.Called>): string =>
  scripts[shell](placesOf(commands))
