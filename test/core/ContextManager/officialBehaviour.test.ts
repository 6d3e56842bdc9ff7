import * as AgentBayTest from "@effect-agentbay/core/AgentBayTest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { SyncOptions } from "@effect-agentbay/core/ContextManager"
import {
  download,
  html,
  lists,
  observe,
  outcomeOf,
  type Scenario,
  sessionGone,
  sync,
  upload,
  work
} from "./fixture.js"

interface Row {
  /** What the service answers, and what the official client makes of it. */
  readonly row: string
  readonly answers: Scenario
  readonly options?: Partial<SyncOptions>
  readonly ours: string
  readonly polls: number
}

const always = (...polls: ReadonlyArray<AgentBayTest.Reply>): Scenario => ({ polls })
const listed = (...items: ReadonlyArray<AgentBayTest.StatusItem>): Scenario => ({
  before: [lists(...items)],
  polls: [lists(...items)]
})
const yearsAgo = { startTime: 1_600_000_000, finishTime: 1_600_000_060 }

// The budget is 6 polls: more than the grace needs, so that silence and an exhausted
// budget end differently.
const rows: ReadonlyArray<Row> = [
  {
    row: "HTTP 200, Success false, session not found (official: success)",
    answers: always(AgentBayTest.refuseSoftly(sessionGone)),
    ours: "ApiError SessionNotFound",
    polls: 1
  },
  {
    row: "HTTP 400, session not found (official: failed after all attempts)",
    answers: always(AgentBayTest.refuse(sessionGone)),
    ours: "ApiError SessionNotFound",
    polls: 1
  },
  {
    row: "HTTP 500 (official: failed after all attempts)",
    answers: always(AgentBayTest.refuse({ code: "InternalError", httpStatus: 500 })),
    ours: "SyncTimeout",
    polls: 6
  },
  {
    row: "connection dropped (official: failed after all attempts)",
    answers: always(AgentBayTest.fault("ECONNRESET")),
    ours: "SyncTimeout",
    polls: 6
  },
  {
    row: "body is not JSON (official: failed after all attempts)",
    answers: always(AgentBayTest.raw(200, html)),
    ours: "SyncTimeout",
    polls: 6
  },
  {
    row: "ContextStatus is not JSON (official: success)",
    answers: always(AgentBayTest.ok({ ContextStatus: "not json" })),
    ours: "TransportError Decode",
    polls: 1
  },
  {
    row: "no Data (official: success)",
    answers: always(AgentBayTest.ok()),
    ours: "NothingToSync",
    polls: 5
  },
  {
    row: "empty list (official: success)",
    answers: always(lists()),
    ours: "NothingToSync",
    polls: 5
  },
  {
    row: "Success false without Code (official: success)",
    answers: always(AgentBayTest.refuseSoftly({})),
    ours: "ApiError Other",
    polls: 1
  },
  {
    row: "Success item with times of years ago (official: success)",
    answers: listed(upload("Success", yearsAgo)),
    ours: "NothingToSync",
    polls: 5
  },
  {
    row: "only the creation's download item, an upload was asked (official: success)",
    answers: listed(download("Success", yearsAgo)),
    ours: "NothingToSync",
    polls: 5
  },
  {
    row: "old Failed item plus new Success item (official: failed)",
    answers: {
      before: [lists(upload("Failed", yearsAgo))],
      polls: [lists(upload("Failed", yearsAgo), upload("Success", { startTime: 1_700_000_000 }))]
    },
    ours: "Completed",
    polls: 1
  },
  {
    row: "only an item of unknown type, Running (official: success)",
    answers: always(lists(upload("Running", { taskType: "custom" }))),
    ours: "NothingToSync",
    polls: 5
  },
  {
    row: "status success in lower case (official: timed out)",
    answers: always(lists(upload("success"))),
    ours: "SyncTimeout",
    polls: 6
  },
  {
    row: "status Running for ever (official: failed)",
    answers: always(lists(upload("Running"))),
    ours: "SyncTimeout",
    polls: 6
  },
  {
    row: "max retries 0, task done (official: failed without any poll)",
    answers: always(lists(upload("Success"))),
    options: { maxRetries: 0 },
    ours: "Completed",
    polls: 1
  },
  {
    row: "max retries 0, task running (official: failed without any poll)",
    answers: always(lists(upload("Running"))),
    options: { maxRetries: 0 },
    ours: "SyncTimeout",
    polls: 1
  }
]

describe("where the official client was caught", () => {
  for (const { answers, options, ours, polls, row } of rows) {
    it.effect(`${row} → ${ours}`, () =>
      Effect.gen(function* () {
        const seen = yield* observe(
          sync({ ...work, maxRetries: options?.maxRetries ?? 5 }),
          answers
        )
        assert.strictEqual(outcomeOf(seen), ours)
        assert.strictEqual(seen.statusTimes.length - 1, polls)
        assert.strictEqual(seen.triggerTimes.length, 1)
      })
    )
  }
})
