// Local AgentBay moving files, against the tools that move the same files. The server runs in
// a process of its own; the folders of sessions hold hard links, so filling them costs nothing.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, open, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { caller, createSession, settle, withHome, withServer } from "./localWire.mjs"
import { compare, note, report, wallMillis } from "./measure.mjs"

const mount = "/tmp/bench"

const run = async (command, ...args) => {
  const [code] = await once(spawn(command, args, { stdio: "inherit" }), "exit")
  if (code !== 0) throw new Error(`${command} ended with ${code}`)
}

const isInstalled = async (command) => {
  const child = spawn(command, ["--version"], { stdio: "ignore" })
  return await new Promise((resolve) => {
    child.once("error", () => resolve(false))
    child.once("exit", (code) => resolve(code === 0))
  })
}

const smallFiles = async (folder) => {
  const bytes = Buffer.alloc(4096, 7)
  for (let file = 0; file < 10_000; file++) {
    if (file % 100 === 0) await mkdir(join(folder, `${file / 100}`))
    await writeFile(join(folder, `${Math.floor(file / 100)}`, `file-${file}.bin`), bytes)
  }
}

const largeFile = async (folder) => {
  const chunk = Buffer.alloc(1 << 20, 7)
  const file = await open(join(folder, "large.bin"), "w")
  for (let mebibyte = 0; mebibyte < 2048; mebibyte++) await file.write(chunk)
  await file.close()
}

/** The most memory that the server held at any time during an action, over what it held before. */
const growth = async (server, action) => {
  const memory = async () => (await server.ask({})).rss
  const before = await memory()
  let most = before
  const ended = new AbortController()
  const watch = async () => {
    while (!ended.signal.aborted) {
      most = Math.max(most, await memory())
      await setTimeout(50)
    }
  }
  const end = async () => {
    await action()
    ended.abort()
  }
  await Promise.all([watch(), end()])
  return (most - before) / 2 ** 20
}

const until = async (isSo) => {
  while (!(await isSo())) await setTimeout(20)
}

const isLive = (call, sessionId) =>
  call("GetSession", { SessionId: sessionId }).then(
    () => true,
    () => false
  )

/** What syncs the files of a folder from ever new sessions into ever new contexts. */
const uploads = (server, source) => {
  const { call, close } = caller(server)
  let session
  let count = 0
  return {
    close,
    /** Gets the next session ready, and removes what the last one has left. */
    prepare: async () => {
      if (session !== undefined) {
        await call("ReleaseMcpSession", { SessionId: session.sessionId })
        await until(async () => !(await isLive(call, session.sessionId)))
        await call("ClearContext", { Id: session.contextId })
        await until(
          async () =>
            (await call("GetContext", { ContextId: session.contextId })).Data.State === "available"
        )
      }
      session = await createSession(call, `${source} ${count++}`, mount)
      await settle(call, { SessionId: session.sessionId })
      const { directory } = await server.ask({ session: session.sessionId })
      const folder = join(directory, mount)
      await run("cp", "-rl", `${source}/.`, folder)
      // What the last round has written is none of this one's business.
      await run("sync", "-f", folder)
    },
    sync: async () => {
      const { contextId, sessionId } = session
      const of = { SessionId: sessionId, ContextId: contextId, Path: mount }
      await call("SyncContext", of)
      await settle(call, of)
    }
  }
}

const benchSmall = async (home, server) => {
  const source = join(home, "small")
  const copy = join(home, "small-copy")
  await mkdir(source)
  await smallFiles(source)
  const upload = uploads(server, source)
  const first = await compare({
    measure: wallMillis,
    rounds: 2,
    between: async () => {
      await rm(copy, { recursive: true, force: true })
      await upload.prepare()
    },
    ours: upload.sync,
    theirs: () => run("cp", "-r", source, copy)
  })
  const results = [
    {
      id: "local.smallFiles",
      ...report("upload of 10,000 files of 4 KiB against cp -r", first, "ms", 2)
    }
  ]
  if (await isInstalled("rsync")) {
    await run("rsync", "-a", `${source}/`, `${copy}/`)
    const second = await compare({
      measure: wallMillis,
      rounds: 9,
      warmup: 2,
      ours: upload.sync,
      theirs: () => run("rsync", "-a", `${source}/`, `${copy}/`)
    })
    const title = "second sync of 10,000 files, nothing changed, against rsync -a"
    results.push({ id: "local.nothingToDo", ...report(title, second, "ms", 1.5) })
  } else {
    console.log("second sync against rsync -a: rsync is not installed: left out")
  }
  await upload.close()
  return results
}

const benchLarge = async (home, server) => {
  const source = join(home, "large")
  const copy = join(home, "large-copy")
  await mkdir(source)
  await largeFile(source)
  const upload = uploads(server, source)
  // The look at the memory is the round that is not counted.
  await upload.prepare()
  const mebibytes = await growth(server, upload.sync)
  const result = await compare({
    measure: wallMillis,
    rounds: 2,
    warmup: 0,
    between: async () => {
      await rm(copy, { recursive: true, force: true })
      await upload.prepare()
    },
    ours: upload.sync,
    theirs: () => run("cp", "-r", source, copy)
  })
  await upload.close()
  return [
    { id: "local.largeFile", ...report("upload of a file of 2 GiB against cp", result, "ms", 1.1) },
    {
      id: "local.memory",
      ...note("growth of the server's memory during that upload", mebibytes, "MiB")
    }
  ]
}

export const benchLocalCopy = () =>
  withHome(async (home) => [
    ...(await withServer(join(home, "of-small"), (server) => benchSmall(home, server))),
    ...(await withServer(join(home, "of-large"), (server) => benchLarge(home, server)))
  ])
