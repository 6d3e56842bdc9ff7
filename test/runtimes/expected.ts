// Loaded before each test file: fails it when the process is not one of the runtime that was
// asked for. A runtime might start its workers with another one that it finds on the machine.
const { bun, deno, node } = process.versions

const running =
  bun !== undefined ? `bun ${bun}` : deno !== undefined ? `deno ${deno}` : `node ${node}`

if (running !== process.env["RUNTIME"]) {
  throw new Error(`this is ${running}, not ${process.env["RUNTIME"]}`)
}
