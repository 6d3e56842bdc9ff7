// Prints which tests were left out, and `N passed, N failed`, from vitest's JSON report; fails
// when a test failed, a file could not be loaded, or nothing ran.
import { readFileSync } from "node:fs"

const report = JSON.parse(readFileSync(process.argv[2], "utf8"))
const passed = report.numPassedTests
const brokenFiles = report.testResults.filter(
  (file) => file.status === "failed" && file.assertionResults.length === 0
).length
const failed = report.numFailedTests + brokenFiles

// What a machine cannot do is not shown there, and nobody shall take it for shown.
const leftOut = new Map()
for (const { assertionResults } of report.testResults) {
  for (const { ancestorTitles, status, title } of assertionResults) {
    if (status === "passed" || status === "failed") continue
    const name = ancestorTitles[0] ?? title
    leftOut.set(name, (leftOut.get(name) ?? 0) + 1)
  }
}
for (const [name, count] of leftOut) console.log(`left out: ${count} of "${name}"`)

console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 || !report.success ? 1 : 0
