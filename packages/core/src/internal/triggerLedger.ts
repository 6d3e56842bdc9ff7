import type { BindingRef, SyncMode } from "../ContextStatus.js"
import { bindingKey } from "./syncBaseline.js"

/** What one trigger is about; no target means everything. */
export interface Aim {
  readonly mode: SyncMode
  readonly target: BindingRef | undefined
}

/** The same for aims that are the same. */
export const aimKey = ({ mode, target }: Aim): string =>
  target === undefined ? mode : `${mode}\n${bindingKey(target)}`

interface Entry {
  underWay: number
  /** The number of the status request that had begun last when one of them was answered. */
  answeredAt: number
}

/**
 * What this process has triggered in a session lately. A list of tasks that was asked for
 * before such a trigger was answered does not tell which of them are older than the next.
 */
export interface TriggerLedger {
  /** Notes a trigger that is sent now; the effect of the result notes its answer. */
  readonly sent: (aim: Aim) => (lastBegun: number) => void
  /** Whether nothing of an aim was triggered since a status request began. */
  readonly isUntouchedSince: (aim: Aim, begun: number) => boolean
  /** Forgets what no list from that status request on needs to know. */
  readonly forgetBefore: (begun: number) => void
  readonly isEmpty: () => boolean
}

export const makeTriggerLedger = (): TriggerLedger => {
  // A trigger of everything overlaps with each of its mode, and so does each with it. So a
  // trigger is noted for its aim, and for "some" of its mode.
  const entries = new Map<string, Entry>()
  const someOf = (mode: SyncMode) => `some ${mode}`

  const note = (key: string, change: (entry: Entry) => void) => {
    const entry = entries.get(key) ?? { underWay: 0, answeredAt: -1 }
    change(entry)
    entries.set(key, entry)
  }
  const isUntouched = (key: string, begun: number) => {
    const entry = entries.get(key)
    return entry === undefined || (entry.underWay === 0 && entry.answeredAt < begun)
  }

  return {
    sent: (aim) => {
      const keys = [aimKey(aim), someOf(aim.mode)]
      for (const key of keys) note(key, (entry) => (entry.underWay += 1))
      return (lastBegun) => {
        for (const key of keys) {
          note(key, (entry) => {
            entry.underWay -= 1
            entry.answeredAt = lastBegun
          })
        }
      }
    },
    isUntouchedSince: (aim, begun) =>
      aim.target === undefined
        ? isUntouched(someOf(aim.mode), begun)
        : isUntouched(aimKey(aim), begun) && isUntouched(aim.mode, begun),
    forgetBefore: (begun) => {
      for (const [key, { answeredAt, underWay }] of entries) {
        if (underWay === 0 && answeredAt < begun) entries.delete(key)
      }
    },
    isEmpty: () => entries.size === 0
  }
}
