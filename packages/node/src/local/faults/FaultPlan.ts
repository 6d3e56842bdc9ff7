/**
 * How this server misbehaves at present.
 *
 * @since 0.1.0
 */
import type { Parameters } from "@effect-agentbay/core/Protocol"
import * as Context from "effect/Context"
import type * as Faults from "../../Faults.js"
import * as FaultCount from "./FaultCount.js"
import * as TaskLens from "./TaskLens.js"

/**
 * @since 0.1.0
 */
export interface Service {
  readonly rules: () => Faults.Faults
  /** Replaces the rules; all counts begin anew. */
  readonly set: (rules: Faults.Faults) => void
  /** What happens to a call; counts it. None in the usual case. */
  readonly onCall: (action: string, parameters: Parameters) => CallEffect | undefined
  /** How tasks are shown; none when they are shown as they are. */
  readonly lens: () => TaskLens.TaskLens | undefined
}

/**
 * What a rule says about a call.
 *
 * @since 0.1.0
 */
export type CallEffect = Omit<Faults.Rule["then"], "task">

/**
 * @since 0.1.0
 */
export class FaultPlan extends Context.Tag("@effect-agentbay/node/local/faults/FaultPlan")<
  FaultPlan,
  Service
>() {}

/** The names under which a request may carry what a rule asks for. */
const named = {
  sessionId: ["SessionId"],
  contextId: ["ContextId", "Id"],
  path: ["Path", "FilePath"],
  taskType: ["TaskType", "Mode"]
} as const

const fields = ["sessionId", "contextId", "path", "taskType"] as const

const isAbout = (when: Faults.Rule["when"], action: string, parameters: Parameters): boolean =>
  when === undefined ||
  ((when.action === undefined ||
    (typeof when.action === "string" ? when.action === action : when.action.includes(action))) &&
    fields.every(
      (field) =>
        when[field] === undefined || named[field].some((name) => parameters[name] === when[field])
    ))

const makeOnCall = (faults: Faults.Faults): Service["onCall"] => {
  const rules = faults
    .filter(({ then }) => then.task === undefined)
    .map(({ then, when }) => ({ then, when, isMeant: FaultCount.make(when?.calls) }))
  return (action, parameters) => {
    let found: CallEffect | undefined
    for (const rule of rules) {
      if (!isAbout(rule.when, action, parameters)) continue
      const meant = rule.isMeant()
      if (meant && found === undefined) found = rule.then
    }
    return found
  }
}

/**
 * @since 0.1.0
 */
export const make = (initial: Faults.Faults): Service => {
  let rules = initial
  let onCall = makeOnCall(initial)
  let lens = TaskLens.make(initial)
  return {
    rules: () => rules,
    set: (next) => {
      rules = next
      onCall = makeOnCall(next)
      lens = TaskLens.make(next)
    },
    onCall: (action, parameters) => onCall(action, parameters),
    lens: () => lens
  }
}
