// Local AgentBay in another process, and calls of it without any library.
import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Agent } from "undici"

/** Starts a script of this folder and gives it together with the first thing that it tells. */
export const start = async (script, args = []) => {
  const child = fork(fileURLToPath(new URL(`./${script}`, import.meta.url)), args)
  const [told] = await once(child, "message")
  return {
    ...told,
    ask: async (question) => {
      child.send(question)
      const [answer] = await once(child, "message")
      return answer
    },
    stop: async () => {
      child.disconnect()
      await once(child, "exit")
    }
  }
}

/** Does something with a directory of its own, which is removed afterwards. */
export const withHome = async (use) => {
  const home = await mkdtemp(join(tmpdir(), "agentbay-bench-"))
  try {
    return await use(home)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

/** Does something with a server on a data directory in `home`. */
export const withServer = async (home, use) => {
  const server = await start("localServer.mjs", [join(home, "data")])
  try {
    return await use(server)
  } finally {
    await server.stop()
  }
}

/** The body of a call. */
export const formOf = ({ apiKey }, fields) =>
  new URLSearchParams({ Authorization: `Bearer ${apiKey}`, ...fields }).toString()

/** Calls an action that has to succeed, over kept connections. */
export const caller = (server, connections = 1) => {
  const agent = new Agent({ connections })
  return {
    close: () => agent.close(),
    call: async (action, fields) => {
      const { body } = await agent.request({
        origin: server.url,
        method: "POST",
        path: `/?Action=${action}`,
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: formOf(server, fields)
      })
      const answer = await body.json()
      if (answer.Success !== true) throw new Error(`${action}: ${JSON.stringify(answer)}`)
      return answer
    }
  }
}

/** A session with one mount of a new context. */
export const createSession = async (call, name, path) => {
  const { Data } = await call("GetContext", { Name: name, AllowCreate: "true" })
  const created = await call("CreateMcpSession", {
    PersistenceDataList: JSON.stringify([{ ContextId: Data.Id, Path: path }])
  })
  return { contextId: Data.Id, sessionId: created.Data.SessionId }
}

/** The listed tasks that a filter lets through. */
export const tasksOf = async (call, filter) => {
  const { Data } = await call("GetContextInfo", filter)
  return JSON.parse(Data.ContextStatus).flatMap(({ data }) => JSON.parse(data))
}

/** Asks again every few milliseconds until nothing runs. */
export const settle = async (call, filter) => {
  for (;;) {
    const tasks = await tasksOf(call, filter)
    const failed = tasks.find((task) => task.status === "Failed")
    if (failed !== undefined) throw new Error(failed.errorMessage)
    if (tasks.every((task) => task.status !== "Running")) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
