import { type Handler, isoTime, noContext, ok, pageOf, type Parameters, refusal } from "./reply.js"
import { addContext, type MemoryContext, type World } from "./world.js"

const tell = (context: MemoryContext) => ({
  Id: context.id,
  Name: context.name,
  State: context.clearing > 0 ? "clearing" : "available",
  CreateTime: isoTime(context.createdAt),
  LastUsedTime: isoTime(context.lastUsedAt),
  OsType: "linux"
})

/** The persistent contexts of the account. */
export const contextHandlers = (world: World): { readonly [action: string]: Handler } => {
  const visible = () => [...world.contexts.values()].filter(({ internal }) => !internal)

  const find = (parameters: Parameters) =>
    parameters["ContextId"] === undefined
      ? visible().find(({ name }) => name === parameters["Name"])
      : world.contexts.get(parameters["ContextId"])

  const isOfSession = (id: string, sessionId: string) =>
    world.sessions.get(sessionId)?.bindings.some(({ contextId }) => contextId === id) === true

  const withContext =
    (use: (context: MemoryContext, parameters: Parameters) => ReturnType<Handler>): Handler =>
    (parameters) => {
      const context = world.contexts.get(parameters["Id"] ?? "")
      return context === undefined ? noContext : use(context, parameters)
    }

  return {
    GetContext: (parameters, at) => {
      const known = find(parameters)
      if (known !== undefined) {
        const told = tell(known)
        if (known.clearing > 0) known.clearing -= 1
        return ok(told)
      }
      const { AllowCreate: allowed = "", ContextId: id, Name: name = "" } = parameters
      return allowed.toLowerCase() === "true" && id === undefined && name !== ""
        ? ok(tell(addContext(world, { name, at, internal: false })))
        : noContext
    },

    ListContexts: (parameters) => {
      const sessionId = parameters["SessionId"]
      const all = visible().filter(
        ({ id }) => sessionId === undefined || isOfSession(id, sessionId)
      )
      return pageOf(all, parameters, tell)
    },

    ModifyContext: withContext((context, { Name: name = "" }) => {
      const other = visible().find((one) => one.name === name)
      if (name === "" || (other !== undefined && other !== context)) {
        return refusal("InvalidParameter", `The name ${JSON.stringify(name)} cannot be given.`)
      }
      context.name = name
      return ok()
    }),

    DeleteContext: withContext((context) => {
      world.contexts.delete(context.id)
      return ok()
    }),

    ClearContext: withContext((context) => {
      context.files.clear()
      context.clearing = world.polls
      return ok()
    })
  }
}
