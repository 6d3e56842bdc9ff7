/** Which calls of the load are spoilt, and how: of each block of calls one, every kind in turn. */

/** What the server does to a call, and what a sync makes of it whose trigger that was. */
export interface Kind {
  readonly then: object
  /** The HTTP status of the answer; 0 when none is begun. */
  readonly status: number
  /**
   * The reason of the error that ends the sync; none when the trigger is sent again, or when
   * its answer is good.
   */
  readonly endsWith?: "Transport" | "ServerFault"
  /** The milliseconds after which a call that is turned away may come again. */
  readonly adviceMillis?: number
}

const throttled = (adviceMillis: number): Kind => ({
  then: { error: { httpStatus: 429, code: "Throttling", retryAfter: adviceMillis } },
  status: 429,
  adviceMillis
})

export const kinds = {
  "dropped before": { then: { drop: "before" }, status: 0, endsWith: "Transport" },
  "dropped after": { then: { drop: "after" }, status: 0, endsWith: "Transport" },
  "dropped midway": { then: { drop: "midway" }, status: 200, endsWith: "Transport" },
  "HTTP 500": {
    then: { error: { httpStatus: 500, code: "InternalError" } },
    status: 500,
    endsWith: "ServerFault"
  },
  "HTTP 503": {
    then: { error: { httpStatus: 503, code: "ServiceUnavailable" } },
    status: 503,
    endsWith: "ServerFault"
  },
  "throttled for 2 s": throttled(2000),
  "throttled for 10 s": throttled(10_000),
  "a page": { then: { malformed: "html" }, status: 200, endsWith: "Transport" },
  "cut short": { then: { malformed: "cut" }, status: 200, endsWith: "Transport" },
  late: { then: { latency: 300 }, status: 200 }
} satisfies { readonly [name: string]: Kind }

export type KindName = keyof typeof kinds

export const kindOf = (name: KindName): Kind => kinds[name]

// The keys are those of the object above.
export const kindNames = Object.keys(kinds) as ReadonlyArray<KindName>

export const actions = ["GetContextInfo", "SyncContext"] as const

export type Action = (typeof actions)[number]

/** A call that is spoilt, counted from 1. */
export interface Planned {
  readonly call: number
  readonly kind: KindName
}

const numbersFrom = (seed: number) => {
  let state = seed
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor(state / 65_536) % below
  }
}

const shuffled = <A>(values: ReadonlyArray<A>, number: (below: number) => number) => {
  const left = [...values]
  return values.flatMap(() => left.splice(number(left.length), 1))
}

/**
 * Spoils one call of each block of so many, up to some call: each kind once in as many blocks
 * as there are kinds.
 */
export const plan = (block: number, upTo: number, seed: number): ReadonlyArray<Planned> => {
  const number = numbersFrom(seed)
  const planned: Array<Planned> = []
  for (let begin = 0; begin < upTo; begin += block * kindNames.length) {
    for (const [index, kind] of shuffled(kindNames, number).entries()) {
      planned.push({ call: begin + index * block + 1 + number(block), kind })
    }
  }
  return planned
}

/** The rules of the server for a plan of each action. */
export const rulesOf = (plans: { readonly [A in Action]: ReadonlyArray<Planned> }) =>
  actions.flatMap((action) =>
    kindNames.map((kind) => ({
      when: {
        action,
        calls: plans[action].filter((one) => one.kind === kind).map(({ call }) => call)
      },
      then: kinds[kind].then
    }))
  )
