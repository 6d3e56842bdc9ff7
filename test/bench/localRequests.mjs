// Local AgentBay itself: how soon it answers, how many status requests it takes, and what
// thousands of syncs in one session cost.
import { once } from "node:events"
import { mkdir } from "node:fs/promises"
import { connect } from "node:net"
import { join } from "node:path"
import {
  caller,
  createSession,
  formOf,
  start,
  tasksOf,
  withHome,
  withServer
} from "./localWire.mjs"
import { compare, median, note, report, wallMillis } from "./measure.mjs"

const mount = "/data"

const benchStart = async (home) => {
  const times = []
  for (let round = 0; round < 5; round++) {
    const millis = await wallMillis(async () => {
      const server = await start("localServer.mjs", [join(home, `start-${round}`)])
      times.push(() => server.stop())
      const { call, close } = caller(server)
      await call("ListContexts", {})
      await close()
    })
    await times.pop()()
    times.push(millis)
  }
  return {
    id: "local.start",
    ...note("Local AgentBay, process start to answer", median(times), "ms")
  }
}

/** The bytes of a request, and those of the answer to it. */
const requestBytes = (path, body) =>
  Buffer.from(
    `POST ${path} HTTP/1.1\r\nhost: localhost\r\n` +
      "content-type: application/x-www-form-urlencoded\r\n" +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )

const headEnd = Buffer.from("\r\n\r\n")

/** How long the whole answer is, as soon as its head is there. */
const answerLength = (bytes) => {
  const end = bytes.indexOf(headEnd)
  if (end === -1) return undefined
  const length = /content-length: (\d+)/i.exec(bytes.subarray(0, end).toString("latin1"))?.[1]
  return end + headEnd.length + Number(length)
}

// A client that only counts bytes, so that the server is what is measured: both answer with
// the same number of them every time.
const flood = async (url, bytes, { connections, each }) => {
  const { hostname, port } = new URL(url)
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(Number(port), hostname)
      await once(socket, "connect")
      socket.setNoDelay()
      let sent = 0
      let seen = Buffer.alloc(0)
      let expected
      let missing = 0
      const send = () => {
        sent++
        missing = expected ?? 0
        socket.write(bytes)
      }
      const done = new Promise((resolve, reject) => {
        socket.on("error", reject)
        socket.on("data", (chunk) => {
          if (expected === undefined) {
            seen = Buffer.concat([seen, chunk])
            expected = answerLength(seen)
            missing = (expected ?? Infinity) - seen.length
          } else missing -= chunk.length
          if (missing < 0) reject(new Error("the answers differ in length"))
          if (missing !== 0) return
          if (sent === each) resolve()
          else send()
        })
      })
      send()
      await done
      socket.destroy()
    })
  )
}

const benchStatus = async (server) => {
  const { call, close } = caller(server)
  const { sessionId } = await createSession(call, "status", mount)
  await close()
  const path = "/?Action=GetContextInfo"
  const form = formOf(server, { SessionId: sessionId })
  const answer = await fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form
  })
  const bare = await start("bareServer.mjs")
  try {
    await bare.ask({ body: await answer.text(), contentType: answer.headers.get("content-type") })
    const bytes = requestBytes(path, form)
    const load = { connections: 16, each: 500 }
    const { ours, theirs } = await compare({
      measure: wallMillis,
      rounds: 9,
      warmup: 2,
      ours: () => flood(server.url, bytes, load),
      theirs: () => flood(bare.url, bytes, load)
    })
    const perSecond = (millis) => (load.connections * load.each * 1000) / millis
    const rates = { ours: perSecond(ours), theirs: perSecond(theirs), ratio: theirs / ours }
    const title = "Local AgentBay, status requests per second against bare node:http"
    return { id: "local.status", ...report(title, rates, "/s", 0.5, { atLeast: true }) }
  } finally {
    await bare.stop()
  }
}

const benchSyncs = async (server, count) => {
  const { call, close } = caller(server, 64)
  const { contextId, sessionId } = await createSession(call, `syncs ${count}`, mount)
  const folder = join((await server.ask({ session: sessionId })).directory, mount)
  const paths = Array.from({ length: count }, (_, index) => `folder-${index}`)
  for (const path of paths) await mkdir(join(folder, path), { recursive: true })
  const waiting = paths.map((path) => `${mount}/${path}`)
  const millis = await wallMillis(() =>
    Promise.all(
      Array.from({ length: 64 }, async () => {
        for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
          await call("SyncContext", { SessionId: sessionId, ContextId: contextId, Path: path })
        }
      })
    )
  )
  const one = { SessionId: sessionId, ContextId: contextId, Path: `${mount}/folder-0` }
  const polls = async (filter, times) => {
    const each = []
    for (let poll = 0; poll < times; poll++)
      each.push(await wallMillis(() => tasksOf(call, filter)))
    return median(each)
  }
  const all = await polls({ SessionId: sessionId }, 9)
  const filtered = await polls(one, 51)
  await close()
  const title = `Local AgentBay, ${count} syncs at once in one session`
  return [
    { id: `local.syncs.${count}`, ...note(`${title}, triggers`, (count * 1000) / millis, "/s") },
    { id: `local.info.${count}`, ...note(`${title}, a poll of all`, all, "ms") },
    { id: `local.infoOf.${count}`, ...note(`${title}, a poll of one`, filtered, "ms") }
  ]
}

export const benchLocalRequests = () =>
  withHome(async (home) => {
    const results = [await benchStart(home)]
    results.push(await withServer(join(home, "status"), benchStatus))
    for (const count of [1000, 5000]) {
      const syncs = await withServer(join(home, `${count}`), (server) => benchSyncs(server, count))
      results.push(...syncs)
    }
    return results
  })
