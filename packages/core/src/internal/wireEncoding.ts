import { apiVersion, type Parameters } from "../Protocol.js"

/** 64 hex digits, unique per request. */
const nonce = (): string => {
  let digits = ""
  for (const byte of crypto.getRandomValues(new Uint8Array(32))) {
    digits += byte.toString(16).padStart(2, "0")
  }
  return digits
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
  const fixed = pairs(
    {
      Action: action,
      Format: "json",
      Version: apiVersion,
      Timestamp: timestamp(now),
      SignatureNonce: nonce()
    },
    () => true
  )
  const own = pairs(parameters, (name) => inQuery.includes(name))
  return `${origin}/?${own === "" ? fixed : `${fixed}&${own}`}`
}

/** The form body of a request: every parameter that does not travel in the query. */
export const encodeForm = (parameters: Parameters, inQuery: ReadonlyArray<string>): string =>
  pairs(parameters, (name) => !inQuery.includes(name))
