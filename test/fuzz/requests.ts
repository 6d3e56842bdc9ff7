/** Requests nobody should send: captured ones, spoiled, and bytes that are no HTTP at all. */
import { type World, mark, encode, paths, tools, anyArgs, anyForm, safe, form } from "./forms.js"
import { anyRules } from "./rules.js"
import { anyTree, spoil, treeOf, write } from "./json.js"
import type { Random } from "./random.js"

/**
 * What goes over a socket, in one piece. Where it may be that the server has to wait for more,
 * the client hangs up then, which ends what the server had begun.
 */
export interface Sent {
  readonly text: string
  readonly hangsUp: boolean
}

const oddHeaders = [
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: gzip, chunked",
  "Content-Length: 5",
  "Content-Length: -1",
  "Content-Length: 99999999999999999999",
  "Content-Length: 1000000000",
  "Expect: 100-continue",
  "Expect: nonsense",
  "Upgrade: websocket",
  "Range: bytes=0-0,5-",
  "Range: bytes=-99999999999999999999",
  "Content-Encoding: gzip",
  "Host: evil.example",
  "Host:",
  "Host: [",
  "X: \u0000",
  "No colon here",
  `Cookie: ${"c".repeat(20_000)}`,
  "Content-Type: multipart/form-data; boundary=",
  " folded: header"
]

const oddVersions = ["HTTP/1.0", "HTTP/9.9", ""]

const whole = (
  world: World,
  random: Random,
  method: string,
  target: string,
  headers: ReadonlyArray<readonly [string, string]>,
  body: string
): Sent => {
  const length = Buffer.byteLength(body)
  const announced = random.chance(0.95)
    ? length
    : random.pick([length + 10, 0, Math.max(0, length - 1)])
  const odd = random.chance(0.1) ? random.pick(oddHeaders) : undefined
  const version = random.chance(0.98) ? "HTTP/1.1" : random.pick(oddVersions)
  const lines = [
    `${method} ${target} ${version}`,
    `Host: ${world.host}`,
    "Connection: close",
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body === "" && random.chance(0.5) ? [] : [`Content-Length: ${announced}`]),
    ...(odd === undefined ? [] : [odd])
  ]
  const text = `${lines.join("\r\n")}\r\n\r\n${body}`
  const isCut = random.chance(0.02)
  return {
    text: isCut ? text.slice(0, random.below(text.length)) : text,
    hangsUp:
      isCut ||
      announced !== length ||
      version !== "HTTP/1.1" ||
      /^(Content-Length|Transfer-Encoding)/.test(odd ?? "")
  }
}

const methods = ["POST", "GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW"]

const call = (world: World, random: Random): Sent => {
  const pairs = anyForm(world, random)
  const inQuery = pairs.filter(([name]) => name === "Action" || random.chance(0.1))
  const inBody = pairs.filter((pair) => !inQuery.includes(pair))
  const isOdd = random.chance(0.06)
  const body = isOdd
    ? random.pick([
        write(anyTree(random)),
        `--b\r\nContent-Disposition: form-data; name="SessionId"\r\n\r\nx\r\n--b--`,
        form(inBody).replaceAll("=", ""),
        "%".repeat(1000),
        "&".repeat(10_000)
      ])
    : form(inBody)
  const target = `${random.chance(0.97) ? "/" : random.pick(["//", "/x", "*", "http://127.0.0.1/", "/?", "/../"])}?${form(inQuery)}&Format=json`
  return whole(
    world,
    random,
    random.chance(0.9) ? "POST" : random.pick(methods),
    target,
    [["Content-Type", "application/x-www-form-urlencoded"]],
    body
  )
}

/** A part of an address exchanged for one that leads out, if it is believed. */
const spoilTarget = (target: string, world: World, random: Random): string => {
  switch (random.below(6)) {
    case 0:
      return target.replace(
        /\/[^/?]+(\?|$)/,
        (_, end: string) => `/${encode(random.pick(paths(world)))}${end}`
      )
    case 1:
      return target.replace("/home", random.pick(["/..", "/%2e%2e", "/%00", "//", "/%2f..%2f"]))
    case 2:
      return target.replace(
        /Expires=\d+/,
        `Expires=${random.pick(["0", "-1", "1e99", "99999999999999999999", ""])}`
      )
    case 3:
      return target.replace(
        /Signature=.*/,
        `Signature=${random.pick(["", "A", "%00", "=".repeat(100)])}`
      )
    case 4:
      return target.slice(0, random.below(target.length))
    default:
      return target
  }
}

const file = (world: World, random: Random): Sent => {
  const { method, target } = random.pick(world.fileUrls)
  return whole(
    world,
    random,
    random.chance(0.8) ? method : random.pick(methods),
    random.chance(0.6) ? target : spoilTarget(target, world, random),
    random.chance(0.2)
      ? [["Range", random.pick(["bytes=0-0", "bytes=9-1", "bytes=-0", "x", "bytes=1e9-"])]]
      : [],
    method === "PUT" ? random.pick(["", "content", "x".repeat(10_000)]) : ""
  )
}

const link = (world: World, random: Random): Sent => {
  const { path, token } = random.pick(world.links)
  const body = `{"args":${anyArgs(world, random)},"tool":${JSON.stringify(random.pick(tools))},"server":"","requestId":"r","token":${JSON.stringify(token)}}`
  return whole(
    world,
    random,
    random.chance(0.9) ? "POST" : random.pick(methods),
    random.chance(0.8) ? path : spoilTarget(path, world, random),
    random.chance(0.9) ? [["X-Access-Token", random.chance(0.95) ? token : ""]] : [],
    random.chance(0.7) ? body : write(spoil(treeOf(safe(body)), random))
  )
}

const admin = (world: World, random: Random): Sent => {
  const name = () =>
    random.pick([
      "one",
      "two",
      "..",
      ".",
      `..%2f${mark}`,
      "%00",
      `../../${mark}`,
      "a".repeat(100),
      "%",
      ".before-x"
    ])
  const drawn = random.pick<readonly [string, string, string]>([
    ["GET", "state", ""],
    ["GET", `calls?last=${random.pick(["1", "-1", "x", "999999", ""])}`, ""],
    ["GET", "clock", ""],
    [
      "POST",
      "clock",
      `{"advance":${random.pick(["1", "-1", '"1 hour"', '"3650 days"', "1e999", "1e15", "null", '"x"'])}}`
    ],
    ["PUT", `snapshots/${name()}`, ""],
    ["DELETE", `snapshots/${name()}`, ""],
    ["POST", `snapshots/${name()}/restore`, ""],
    ["GET", "faults", ""],
    ["PUT", "faults", anyRules(world, random)],
    ["PUT", "faults", anyRules(world, random)],
    ["DELETE", "faults", ""],
    // Only folders that may be read: the seed takes whatever its owner names.
    [
      "POST",
      "seed",
      JSON.stringify({
        context: random.pick(["seeded", "", " ", "\u0000", "n".repeat(5000)]),
        folder: random.pick([
          world.seed,
          "",
          "relative",
          `${world.seed}/none`,
          `${world.seed}\u0000`
        ]),
        path: random.pick(paths(world))
      })
    ],
    ["POST", "seed", write(anyTree(random))],
    ["POST", "clock", write(anyTree(random))]
  ])
  // Time that has gone by ends every signed URL of the round.
  const isLate = drawn[0] === "POST" && drawn[1] === "clock" && !random.chance(0.1)
  const [method, path, body] = isLate ? ["GET", "state", ""] : drawn
  return whole(
    world,
    random,
    random.chance(0.95) ? method : random.pick(methods),
    `/admin/${random.chance(0.95) ? path : random.pick(["", "x", "%", "..", "../", "state/", "//"])}`,
    [["Authorization", random.chance(0.97) ? `Bearer ${world.adminToken}` : "Bearer"]],
    body
  )
}

const noise = (random: Random): Sent => {
  const bytes = Array.from({ length: random.below(400) }, () =>
    String.fromCharCode(random.below(256))
  ).join("")
  return {
    hangsUp: true,
    text: random.pick([
      bytes,
      `\u0016\u0003\u0001${bytes}`,
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      `GET /${"a".repeat(30_000)} HTTP/1.1\r\n\r\n`,
      "\r\n".repeat(100),
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      `GET / HTTP/1.1\r\n${bytes}`,
      ""
    ])
  }
}

/** One request. */
export const anyRequest = (world: World, random: Random): Sent => {
  const kind = random.below(100)
  if (kind < 62) return call(world, random)
  if (kind < 76) return file(world, random)
  if (kind < 88) return link(world, random)
  if (kind < 95) return admin(world, random)
  return noise(random)
}
