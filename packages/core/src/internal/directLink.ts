import * as Redacted from "effect/Redacted"

/** A session's own address for the calls of its tools. The token opens it. */
export interface DirectLink {
  readonly url: string
  readonly origin: string
  readonly token: Redacted.Redacted<string>
}

const usableUrl = (text: string): URL | undefined => {
  // Behind a query or a fragment nothing can be appended to the path.
  if (/[\s?#]/.test(text) || !URL.canParse(text)) return undefined
  const url = new URL(text)
  const isWeb = url.protocol === "http:" || url.protocol === "https:"
  return isWeb && url.username === "" && url.password === "" ? url : undefined
}

/**
 * The direct link of a session, when it came with a usable one: an HTTP URL to which a path
 * can be appended, and a token that can stand in a header.
 */
export const make = (
  linkUrl: string | undefined,
  token: Redacted.Redacted<string> | undefined
): DirectLink | undefined => {
  const url = usableUrl(linkUrl?.trim() ?? "")
  return url === undefined || token === undefined || !/^[\x21-\x7e]+$/.test(Redacted.value(token))
    ? undefined
    : { url: `${url.href.replace(/\/+$/, "")}/callTool`, origin: url.origin, token }
}
