// `pnpm bench`: figures are ratios taken in one run; see docs/performance.md.
import { benchCopy } from "./copy.mjs"
import { benchInfo } from "./info.mjs"

await benchInfo()
await benchCopy()
