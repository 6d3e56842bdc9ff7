/**
 * The tools of a session that work on its files. They do what the cloud's tools do, inside
 * the session's own root.
 *
 * @since 0.1.0
 */
import { deleteFile } from "./DeleteFile.js"
import { createDirectory, listDirectory } from "./Directories.js"
import { editFile } from "./EditFile.js"
import { fileChange } from "./FileChange.js"
import { fileInfo } from "./FileInfo.js"
import { metrics } from "./Metrics.js"
import { moveFile } from "./MoveFile.js"
import { readFile, readMultipleFiles } from "./ReadFile.js"
import { searchFiles } from "./SearchFiles.js"
import type { Tool } from "./Tool.js"
import { writeFile } from "./WriteFile.js"

/**
 * All of them.
 *
 * @since 0.1.0
 */
export const all: ReadonlyArray<Tool> = [
  readFile,
  writeFile,
  editFile,
  fileInfo,
  createDirectory,
  listDirectory,
  moveFile,
  deleteFile,
  searchFiles,
  readMultipleFiles,
  fileChange,
  metrics
]
