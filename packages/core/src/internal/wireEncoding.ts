import { apiVersion, type Parameters } from "../Protocol/Operation.js"

const hex = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")

let prefix: string | undefined
let serial = 0

/** 64 hex digits, unique per request: half of them random, half counted. */
const nonce = (): string => {
  prefix ??= hex(crypto.getRandomValues(new Uint8Array(16)))
  serial += 1
  return prefix + serial.toString(16).padStart(32, "0")
}

const written = { second: NaN, text: "" }

/**
 * `2026-11-22T09:59:55Z`, encoded: the time of a request, without fractions. Many requests are
 * made in the same second.
 */
const timestamp = (now: number): string => {
  const second = Math.floor(now / 1000)
  if (second !== written.second) {
    written.second = second
    written.text = `${new Date(now).toISOString().slice(0, 19).replaceAll(":", "%3A")}Z`
  }
  return written.text
}

// The service's own clients write a blank as %20; URLSearchParams would write a plus sign.
const pair = (name: string, value: string) => `${name}=${encodeURIComponent(value)}`

/** Where the parameters of a request went. */
export interface Encoded {
  readonly url: string
  readonly body: string
}

/**
 * Puts the parameters of requests where they belong: into the query those that travel
 * there, all others into the form. Every request is encoded, so what is the same in all of
 * them is encoded once.
 */
export const makeEncoder = (origin: string, authorization: string) => {
  const authorizationPair = pair("Authorization", authorization)

  return (
    action: string,
    inQuery: ReadonlyArray<string>,
    parameters: Parameters,
    now: number
  ): Encoded => {
    let url =
      `${origin}/?Action=${action}&Format=json&Version=${apiVersion}` +
      `&Timestamp=${timestamp(now)}&SignatureNonce=${nonce()}`
    let body = ""
    const add = (name: string, encoded: string) => {
      if (inQuery.includes(name)) url += `&${encoded}`
      else body += body === "" ? encoded : `&${encoded}`
    }
    for (const name of Object.keys(parameters)) {
      const value = parameters[name]
      if (value !== undefined) add(name, pair(name, value))
    }
    add("Authorization", authorizationPair)
    return { url, body }
  }
}
