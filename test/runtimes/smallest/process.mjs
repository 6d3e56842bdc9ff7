// In a process, which gets its settings and tells its results as JSON.
import { run } from "./program.mjs"

console.log(JSON.stringify(await run(JSON.parse(process.env.SETTINGS))))
