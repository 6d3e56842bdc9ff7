import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as NodeFs from "node:fs"
import * as Wire from "../../node/local/wire.js"
import { type Client, fail, newVersion, put, type World } from "../world.js"

/** A context: the names it may have, and whether it may be, or is, gone. */
interface Known {
  readonly names: Set<string>
  gone: "no" | "maybe" | "yes"
}

/** Creates, renames and deletes contexts. */
export const naming = Effect.fnUntraced(function* (world: World, prefix: string) {
  const { contexts } = world.agentBay
  const { random } = world
  const known = new Map<string, Known>()
  let creating: string | undefined

  const create = Effect.gen(function* () {
    creating = `${prefix}-${newVersion()}`
    const { id } = yield* contexts.create(creating)
    known.set(id, { names: new Set([creating]), gone: "no" })
    creating = undefined
    yield* put(world, id, "file", newVersion())
  })

  const rename = Effect.fnUntraced(function* (id: string, context: Known) {
    const name = `${prefix}-${newVersion()}`
    context.names.add(name)
    yield* contexts.rename(id, name)
    context.names.clear()
    context.names.add(name)
  })

  const remove = Effect.fnUntraced(function* (id: string, context: Known) {
    context.gone = "maybe"
    yield* contexts.remove(id)
    context.gone = "yes"
  })

  const change = Effect.suspend(() => {
    const living = [...known].filter(([, { gone }]) => gone === "no")
    if (living.length < 2 || (living.length < 6 && random.chance(0.4))) return create
    const [id, context] = random.pick(living)
    return random.chance(0.5) ? rename(id, context) : remove(id, context)
  })

  const client: Client = {
    name: prefix,
    step: change,
    check: Effect.gen(function* () {
      const listed = new Map(
        [...(yield* Stream.runCollect(contexts.list({ pageSize: 50 })))]
          .filter(({ name }) => name.startsWith(`${prefix}-`))
          .map(({ id, name }) => [id, name])
      )
      for (const [id, { gone, names }] of known) {
        const name = listed.get(id)
        if (name === undefined) {
          if (gone === "no") fail(`${prefix}: a context is gone: ${[...names].join()}`)
          yield* Wire.eventually(
            Effect.sync(() => NodeFs.existsSync(`${world.directory}/contexts/${id}`)),
            (exists) => !exists
          )
          known.delete(id)
          continue
        }
        if (gone === "yes") fail(`${prefix}: a deleted context is there: ${name}`)
        if (!names.has(name)) fail(`${prefix}: ${name} should be one of ${[...names].join()}`)
        known.set(id, { names: new Set([name]), gone: "no" })
      }
      for (const [id, name] of listed) {
        if (known.has(id)) continue
        if (name !== creating) fail(`${prefix}: nobody made ${name}`)
        known.set(id, { names: new Set([name]), gone: "no" })
      }
      creating = undefined
    })
  }
  return client
})
