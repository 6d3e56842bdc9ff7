// Runs test files of the project in another runtime, by vitest as it is.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { run } from "./processes.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url))
const config = join(root, "test/runtimes/vitest.config.mjs")
const reports = join(root, "test-results/runtimes")

/** How a runtime runs a program of npm. */
const runs = { bun: [], deno: ["run", "--allow-all"], node: [] }

/** The first line of what a test says of its failure. */
const reasonOf = ({ failureMessages: [message = ""] }) => message.split("\n")[0]

const failuresOf = ({ testResults }) =>
  testResults.flatMap((file) => [
    ...(file.status === "failed" && file.assertionResults.length === 0
      ? [`${file.name}: ${file.message}`]
      : []),
    ...file.assertionResults
      .filter(({ status }) => status === "failed")
      .map((test) => `${test.fullName}: ${reasonOf(test)}`)
  ])

/**
 * Runs files or folders of tests; gives how many passed and how many there were. What vitest
 * printed stays in `test-results/runtimes`.
 */
export const runSuite = async (runtime, name, files, { cwd = root, seconds, workers }) => {
  const base = join(reports, `${name} ${runtime.name}`.replaceAll(/[^\w.-]+/g, "-"))
  const report = `${base}.json`
  mkdirSync(reports, { recursive: true })
  rmSync(report, { force: true })
  const { code, printed } = await run(
    [
      ...runtime.command,
      ...runs[runtime.kind],
      join(cwd, "node_modules/vitest/vitest.mjs"),
      "run",
      ...(cwd === root ? ["--config", config] : []),
      ...(workers === undefined ? [] : [`--minWorkers=${workers}`, `--maxWorkers=${workers}`]),
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...files
    ],
    { cwd, env: { NO_COLOR: "1", RUNTIME: runtime.name }, seconds }
  )
  writeFileSync(`${base}.log`, printed)
  const read = () => {
    try {
      return JSON.parse(readFileSync(report, "utf8"))
    } catch {
      throw new Error(`vitest gave no report (${code}): ${printed.slice(-4000)}`)
    }
  }
  const result = read()
  const failures = failuresOf(result)
  if (code !== 0 || !result.success || failures.length > 0 || result.numPassedTests === 0) {
    throw new Error([`vitest ended with ${code}`, ...failures].join("\n"))
  }
  return { passed: result.numPassedTests, total: result.numTotalTests }
}
