// What every program with Effect loads.
import { Effect } from "effect"

await Effect.runPromise(Effect.void)
