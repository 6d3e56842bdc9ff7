// The requests of a sync as a program without any library would write them: bare undici, a
// fresh timestamp and nonce, the same headers and form, the answer parsed and not checked.
import { randomBytes } from "node:crypto"

/**
 * As many as our client opens. Without a limit, thousands of requests at once would open
 * thousands of connections, and fail.
 */
export const connections = 256

const service = ({ apiKey, url }, agent) => {
  const authorization = `Authorization=${encodeURIComponent(`Bearer ${apiKey}`)}`
  return async (action, form, query = "") => {
    const timestamp = encodeURIComponent(`${new Date().toISOString().slice(0, 19)}Z`)
    const nonce = randomBytes(32).toString("hex")
    const { body, statusCode } = await agent.request({
      origin: url,
      method: "POST",
      path:
        `/?Action=${action}&Format=json&Version=2025-05-06` +
        `&Timestamp=${timestamp}&SignatureNonce=${nonce}${query}`,
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        "x-acs-action": action,
        "x-acs-version": "2025-05-06"
      },
      body: query === "" ? `${form}&${authorization}` : form
    })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`${action}: HTTP ${statusCode} ${text}`)
    return JSON.parse(text)
  }
}

/**
 * What one session is asked for. `target` narrows the answer of `tasks` to one path, which
 * keeps it small however much the session has to do.
 */
export const makeBare = (server, agent) => {
  const call = service(server, agent)
  const authorization = `&Authorization=${encodeURIComponent(`Bearer ${server.apiKey}`)}`
  const formOf = (sessionId, target) =>
    target === undefined
      ? `SessionId=${sessionId}`
      : `SessionId=${sessionId}&ContextId=${target.contextId}&Path=${encodeURIComponent(target.path)}`
  return {
    tasks: async (sessionId, target) => {
      const { Data } = await call("GetContextInfo", formOf(sessionId, target))
      return JSON.parse(JSON.parse(Data.ContextStatus)[0].data)
    },
    trigger: (sessionId, target) => call("SyncContext", formOf(sessionId, target), authorization)
  }
}
