/** What the service in memory answers. */
export type MemoryReply =
  | {
      readonly _tag: "Ok"
      readonly data?: unknown
      readonly beside?: { readonly [key: string]: unknown }
    }
  | { readonly _tag: "Refusal"; readonly code: string; readonly message: string }

/** The parameters of a request, those of query and body together. */
export type Parameters = { readonly [name: string]: string }

/** One action: what it answers to the parameters of a request at a time. */
export type Handler = (parameters: Parameters, at: number) => MemoryReply

export const ok = (
  data?: unknown,
  beside: { readonly [key: string]: unknown } = {}
): MemoryReply => ({ _tag: "Ok", data, beside })

export const refusal = (code: string, message: string): MemoryReply => ({
  _tag: "Refusal",
  code,
  message
})

export const noContext = refusal("Context.NotFound", "Context not found")

export const parseJson = (text: string | undefined): unknown => {
  if (text === undefined || text === "") return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined

export const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

export const listOf = (value: unknown): ReadonlyArray<unknown> =>
  Array.isArray(value) ? value : []

/** A flat map of texts, whatever else a JSON text holds left out. */
export const labelsOf = (text: string | undefined): { readonly [name: string]: string } => {
  const parsed = parseJson(text)
  return Object.fromEntries(
    Object.entries(typeof parsed === "object" && parsed !== null ? parsed : {}).flatMap(
      ([name, value]: [string, unknown]) => (typeof value === "string" ? [[name, value]] : [])
    )
  )
}

/** A moment as the service writes it. */
export const isoTime = (at: number): string =>
  new Date(Math.max(0, Math.floor(at / 1000) * 1000)).toISOString().replace(".000Z", "Z")

const defaultPageSize = 10

/**
 * One page of things that are told newest first. The token is the number of the last thing on
 * the page before, so that what comes meanwhile is neither lost nor told twice.
 */
export const pageOf = <A extends { readonly serial: number }>(
  all: ReadonlyArray<A>,
  parameters: Parameters,
  tell: (one: A) => unknown
): MemoryReply => {
  const size = Math.max(1, Number(parameters["MaxResults"] ?? defaultPageSize) || defaultPageSize)
  const token = parameters["NextToken"] ?? ""
  const before = token === "" ? Infinity : Number(token)
  const rest = all.toSorted((one, other) => other.serial - one.serial)
  const left = rest.filter(({ serial }) => serial < before)
  const page = left.slice(0, size)
  return ok(page.map(tell), {
    MaxResults: size,
    NextToken: left.length > size ? String(page.at(-1)?.serial) : "",
    TotalCount: all.length
  })
}
