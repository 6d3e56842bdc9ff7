/**
 * One right request for every route that the server has, found in its code where it has a table
 * of them: a route that is added there without being added here fails the tests of attacks.
 */
import { operations } from "@effect-agentbay/core/Protocol"
import * as LocalAgentBay from "@effect-agentbay/node/LocalAgentBay"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as NodeFs from "node:fs"
import * as NodePath from "node:path"
import { fileURLToPath } from "node:url"
import { urlFor } from "../node/local/files.js"
import * as Wire from "../node/local/wire.js"
import type { Sent } from "./wire.js"

const source = fileURLToPath(new URL("../../packages/node/src/local", import.meta.url))

/** The text of every module of the server. */
export const modules: ReadonlyArray<{ readonly name: string; readonly text: string }> =
  NodeFs.readdirSync(source, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => ({ name, text: NodeFs.readFileSync(NodePath.join(source, name), "utf8") }))

const textOf = (name: string): string => modules.find((module) => module.name === name)?.text ?? ""

/** The beginnings of paths that some module answers. */
export const prefixes: ReadonlyArray<string> = modules
  .flatMap(({ text }) => [...text.matchAll(/\bprefix(?:: string)? = "(\/[^"]*)"/g)])
  .map(([, prefix]) => prefix ?? "")
  .toSorted()

/** The modules that make a route, by its type. */
export const routeModules: ReadonlyArray<string> = modules
  .filter(({ text }) => /import (?:type )?\{[^}]*\bRoute\b[^}]*\} from/.test(text))
  .map(({ name }) => name)
  .toSorted()

/** Method and path of everything that the admin route knows. */
export const adminEndpoints: ReadonlyArray<readonly [method: string, path: string]> = [
  ...textOf("admin/AdminRoute.ts").matchAll(/\bon\("([A-Z]+)", ["`]([^"`]+)["`]/g)
].map(([, method = "", path = ""]) => [method, path.replace("${anySegment}", "attack")])

export interface Right extends Sent {
  readonly name: string
  /** What opens it: what stands where in the request. */
  readonly secret: string
}

const form = { "content-type": "application/x-www-form-urlencoded" }
const json = { "content-type": "application/json" }

/** A session, a context and a stored file, and a right request for each route. */
export const rightRequests = Effect.gen(function* () {
  const server = yield* LocalAgentBay.LocalAgentBay
  const key = Redacted.value(server.apiKey)
  const token = Redacted.value(server.adminToken)
  const contextId = yield* Wire.createContext("attacked")
  const created = yield* Wire.call("CreateMcpSession")
  const sessionId = Wire.textAt(created, "Data", "SessionId")
  const link = {
    url: new URL(Wire.textAt(created, "Data", "LinkUrl")).pathname,
    token: Wire.textAt(created, "Data", "Token")
  }
  const upload = yield* urlFor("Upload", contextId, "/tmp/a.txt")
  yield* Effect.promise(() => fetch(upload, { method: "PUT", body: "stored" }))
  const download = yield* urlFor("Download", contextId, "/tmp/a.txt")
  const targetOf = (url: string) => url.slice(server.url.length)
  const signatureOf = (url: string) => new URL(url).searchParams.get("Signature") ?? ""

  const actions = Object.keys(operations).flatMap((action): ReadonlyArray<Right> => {
    const authorization = `Authorization=${encodeURIComponent(`Bearer ${key}`)}`
    return [
      {
        name: `${action}, key in the body`,
        method: "POST",
        target: `/?Action=${action}`,
        headers: form,
        body: `${authorization}&SessionId=none`,
        secret: encodeURIComponent(key)
      },
      {
        name: `${action}, key in the query`,
        method: "GET",
        target: `/?Action=${action}&SessionId=none&${authorization}`,
        secret: encodeURIComponent(key)
      }
    ]
  })
  const admin = adminEndpoints.map(([method, path]): Right => ({
    name: `admin ${method} ${path}`,
    method,
    target: `/admin/${path}`,
    headers: { ...json, authorization: `Bearer ${token}` },
    body: method === "GET" || method === "DELETE" ? undefined : "{}",
    secret: token
  }))
  const links = [
    { headers: { ...json, "x-access-token": link.token }, token: undefined, name: "in a header" },
    { headers: json, token: link.token, name: "in the body" }
  ].map(({ headers, name, token }): Right => ({
    name: `link, token ${name}`,
    method: "POST",
    target: `${link.url}/callTool`,
    headers,
    body: JSON.stringify({ tool: "get_metrics", args: {}, token }),
    secret: link.token
  }))
  const files = (["GET", "HEAD", "PUT"] as const).map((method): Right => {
    const url = method === "PUT" ? upload : download
    return {
      name: `files ${method}`,
      method,
      target: targetOf(url),
      ...(method === "PUT" ? { body: "changed" } : {}),
      secret: signatureOf(url)
    }
  })
  return { all: [...actions, ...admin, ...links, ...files], contextId, sessionId }
})

/** What an attack must not have changed: all that the server holds, and the stored file. */
export const holdings = Effect.gen(function* () {
  const { admin, contextDirectory, faults } = yield* LocalAgentBay.LocalAgentBay
  const { now: _, ...state } = yield* admin.state
  return {
    state,
    rules: yield* faults.rules,
    files: state.contexts.map(({ id }) =>
      NodeFs.readFileSync(`${contextDirectory(id)}/tmp/a.txt`, "utf8")
    )
  }
})
