import * as Effect from "effect/Effect"
import type { InvalidArgument } from "../AgentBayError.js"
import { notBlank, refuse } from "./arguments.js"
import { isAbsolute, pathIssue } from "./pathIssue.js"
import { isWellFormed } from "./textPieces.js"

const issueOf = (path: string): string | undefined => {
  if (!isWellFormed(path)) return "must be well-formed Unicode"
  return isAbsolute(path) ? pathIssue(path) : "must be an absolute path, as a session sees it"
}

const checked = (argument: string, path: string, issue: string | undefined) =>
  issue === undefined ? Effect.void : refuse(argument, `${issue}, but is ${JSON.stringify(path)}`)

/** Checks the path of a folder in a context. */
export const folderPath = (argument: string, path: string): Effect.Effect<void, InvalidArgument> =>
  Effect.zipRight(
    notBlank(argument, path),
    Effect.suspend(() => checked(argument, path, issueOf(path)))
  )

/** Checks the path of a file in a context: like a folder's, and it ends with a name. */
export const filePath = (argument: string, path: string): Effect.Effect<void, InvalidArgument> =>
  Effect.zipRight(
    folderPath(argument, path),
    Effect.suspend(() =>
      checked(
        argument,
        path,
        /(?:^|[\\/])\.?$/.test(path) ? "must end with the name of a file" : undefined
      )
    )
  )

/** The path of an entry of a folder. */
export const pathIn = (folder: string, name: string): string =>
  `${folder.replace(/\/+$/, "")}/${name}`
