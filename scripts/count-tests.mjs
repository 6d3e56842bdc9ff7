// Prints `N passed, N failed` from vitest's JSON report; fails when a test failed, a file
// could not be loaded, or nothing ran.
import { readFileSync } from "node:fs"

const report = JSON.parse(readFileSync(process.argv[2], "utf8"))
const passed = report.numPassedTests
const brokenFiles = report.testResults.filter(
  (file) => file.status === "failed" && file.assertionResults.length === 0
).length
const failed = report.numFailedTests + brokenFiles

console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 || !report.success ? 1 : 0
