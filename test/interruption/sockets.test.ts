import { describe } from "@effect/vitest"
import { overSockets } from "./sockets.js"

describe("interrupted over sockets, at any of its moments", () => {
  overSockets(30, 200)
})
