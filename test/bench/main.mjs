// `pnpm bench`: figures are ratios taken in one run; see docs/performance.md.
import { benchCopy } from "./copy.mjs"
import { benchInfo } from "./info.mjs"
import { benchLocalCopy } from "./localCopy.mjs"
import { benchLocalRequests } from "./localRequests.mjs"

await benchInfo()
await benchCopy()
await benchLocalRequests()
await benchLocalCopy()
