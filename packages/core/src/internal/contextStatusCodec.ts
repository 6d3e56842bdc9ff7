import * as Effect from "effect/Effect"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { Mutable } from "effect/Types"
import { ContextStatusData } from "../ContextStatus.js"
import { timeOfSeconds } from "./serviceTime.js"

type Tasks = ReadonlyArray<ContextStatusData>

const Elements = Schema.parseJson(
  Schema.Array(Schema.Struct({ type: Schema.String, data: Schema.optional(Schema.Unknown) }))
)
const Items = Schema.parseJson(Schema.Array(ContextStatusData))

const decodeElements = ParseResult.decode(Elements)
const decodeItems = ParseResult.decodeUnknown(Items)
const encodeItems = ParseResult.encode(Items)
const encodeElements = ParseResult.encode(Elements)

const decodeText = (text: string) =>
  decodeElements(text).pipe(
    Effect.flatMap((elements) =>
      Effect.forEach(
        elements.filter((element) => element.type === "data" && element.data !== ""),
        (element) => decodeItems(element.data)
      )
    ),
    Effect.map((lists) => lists.flat())
  )

// A status answer is read at every poll, so the usual shape has a way of its own, several
// times faster than the schemas. It takes only what they take, gives what they give, and
// leaves everything else, errors above all, to them.

type Json = { readonly [key: string]: unknown }

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null

const isCount = (value: unknown): value is number | undefined =>
  value === undefined || typeof value === "number"

const isTexts = (value: unknown): value is ReadonlyArray<string> | undefined =>
  value === undefined ||
  (Array.isArray(value) && value.every((element) => typeof element === "string"))

const usualItem = (item: unknown): Mutable<ContextStatusData> | undefined => {
  if (!isObject(item)) return undefined
  const { contextId, errorMessage, finishTime, path, startTime, status, taskId, taskType } = item
  const { bytesDone, bytesTotal, filesDone, filesTotal, skipped, skippedPaths } = item
  if (
    typeof contextId !== "string" ||
    typeof path !== "string" ||
    typeof errorMessage !== "string" ||
    typeof status !== "string" ||
    typeof taskType !== "string" ||
    typeof startTime !== "number" ||
    typeof finishTime !== "number" ||
    (taskId !== undefined && typeof taskId !== "string") ||
    !isCount(bytesDone) ||
    !isCount(bytesTotal) ||
    !isCount(filesDone) ||
    !isCount(filesTotal) ||
    !isCount(skipped) ||
    !isTexts(skippedPaths)
  ) {
    return undefined
  }
  const task: Mutable<ContextStatusData> = {
    contextId,
    path,
    errorMessage,
    status,
    startTime: timeOfSeconds(startTime),
    finishTime: timeOfSeconds(finishTime),
    taskType
  }
  // Spreading what is there would cost as much as all of the rest.
  if (taskId !== undefined) task.taskId = taskId
  if (bytesDone !== undefined) task.bytesDone = bytesDone
  if (bytesTotal !== undefined) task.bytesTotal = bytesTotal
  if (filesDone !== undefined) task.filesDone = filesDone
  if (filesTotal !== undefined) task.filesTotal = filesTotal
  if (skipped !== undefined) task.skipped = skipped
  if (skippedPaths !== undefined) task.skippedPaths = skippedPaths
  return task
}

const usualItems = (list: unknown, tasks: Array<ContextStatusData>): boolean => {
  if (!Array.isArray(list)) return false
  for (const item of list) {
    const task = usualItem(item)
    if (task === undefined) return false
    const last = tasks.at(-1)
    // One text for the many tasks of a context; they are kept as long as somebody waits.
    if (last?.contextId === task.contextId) task.contextId = last.contextId
    tasks.push(task)
  }
  return true
}

/** The tasks of a status text of the usual shape; nothing for any other. */
export const usualTasks = (text: string): Tasks | undefined => {
  if (text === "") return []
  try {
    const elements: unknown = JSON.parse(text)
    if (!Array.isArray(elements)) return undefined
    const tasks: Array<ContextStatusData> = []
    for (const element of elements) {
      if (!isObject(element) || element["type"] !== "data") return undefined
      const { data } = element
      if (typeof data !== "string" || !usualItems(JSON.parse(data), tasks)) return undefined
    }
    return tasks
  } catch {
    return undefined
  }
}

// What comes out of decoding needs no second look.
const TaskList = Schema.declare((tasks): tasks is Tasks => Array.isArray(tasks), {
  identifier: "ContextStatusList"
})

/**
 * The list of status items as it travels: a JSON text of elements `{ type, data }`, where
 * the elements of type `data` hold the items in a JSON text of their own. Elements of
 * other types are free text and skipped. An empty text is an empty list; anything else
 * that cannot be read is a parse failure.
 */
export const ContextStatusList: Schema.Schema<Tasks, string> = Schema.transformOrFail(
  Schema.String,
  TaskList,
  {
    strict: true,
    decode: (text, _, ast) => {
      const tasks = usualTasks(text)
      return tasks !== undefined
        ? ParseResult.succeed(tasks)
        : Effect.mapError(
            decodeText(text),
            (issue) => new ParseResult.Transformation(ast, text, "Transformation", issue)
          )
    },
    encode: (tasks) =>
      Effect.flatMap(encodeItems(tasks), (data) => encodeElements([{ type: "data", data }]))
  }
)
