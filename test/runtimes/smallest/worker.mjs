// In a worker: it has no process and no files, gets its settings as bindings, and tells its
// results to whom asks.
import { run } from "./program.mjs"

export default {
  fetch: async (_request, settings) => {
    try {
      return Response.json(await run(settings))
    } catch (error) {
      return new Response(String(error), { status: 500 })
    }
  }
}
