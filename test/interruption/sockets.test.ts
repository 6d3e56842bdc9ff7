import { describe } from "@effect/vitest"
import { overSockets } from "./sockets.js"

describe("interrupted over sockets, at any of its turns", () => {
  overSockets(15, 1)
})
