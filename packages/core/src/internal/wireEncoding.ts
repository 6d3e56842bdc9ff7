import { apiVersion, type Parameters } from "../Protocol.js"

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

// The service's own clients write a blank as %20; URLSearchParams would write a plus sign.
const pairs = (parameters: Parameters, travelsHere: (name: string) => boolean): string => {
  const parts: Array<string> = []
  for (const name of Object.keys(parameters)) {
    const value = parameters[name]
    if (value !== undefined && travelsHere(name)) {
      parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    }
  }
  return parts.join("&")
}

/** `2026-11-22T09:59:55Z`: the time of a request, without fractions. */
const timestamp = (now: number) => `${new Date(now).toISOString().slice(0, 19)}Z`

/** The URL of a request: what every request names, then the parameters of the query. */
export const requestUrl = (
  origin: string,
  action: string,
  inQuery: ReadonlyArray<string>,
  parameters: Parameters,
  now: number
): string => {
  const fixed =
    `Action=${action}&Format=json&Version=${apiVersion}` +
    `&Timestamp=${encodeURIComponent(timestamp(now))}&SignatureNonce=${nonce()}`
  if (inQuery.length === 0) return `${origin}/?${fixed}`
  const own = pairs(parameters, (name) => inQuery.includes(name))
  return `${origin}/?${own === "" ? fixed : `${fixed}&${own}`}`
}

/** The form body of a request: every parameter that does not travel in the query. */
export const encodeForm = (parameters: Parameters, inQuery: ReadonlyArray<string>): string =>
  pairs(parameters, (name) => !inQuery.includes(name))
