import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Wire from "../../node/local/wire.js"
import { versionOf, versionsIn } from "../files.js"
import * as Model from "../model.js"
import { type Client, fail, mount, newVersion, put, stored, type World } from "../world.js"

/** Puts, gets and removes files of a context, several at once. */
export const storing = Effect.fnUntraced(function* (world: World, name: string) {
  const { agentBay, random } = world
  const { id } = yield* agentBay.contexts.create(name)
  const { files } = agentBay.contexts
  const store = Model.files()
  const lanes = [
    ["a", "b", "large-c"],
    ["d", "e", "f"]
  ]

  const change = Effect.fnUntraced(function* (names: ReadonlyArray<string>) {
    const file = random.pick(names)
    const path = `${mount}/${file}`
    const version = store.acknowledged().get(file)
    if (version !== undefined && random.chance(0.2)) {
      store.expect(file, undefined)
      yield* files.remove(id, path)
      return store.acknowledge(file, undefined)
    }
    if (version !== undefined && random.chance(0.2)) {
      const bytes = Buffer.concat([...(yield* Stream.runCollect(files.get(id, path)))])
      const found = versionOf(file, bytes)
      if (found !== version) fail(`${name}: ${file} reads as ${found} instead of ${version}`)
      return
    }
    const next = newVersion()
    store.expect(file, next)
    yield* put(world, id, file, next)
    store.acknowledge(file, next)
  })

  const client: Client = {
    name,
    step: Effect.forEach(lanes, change, { concurrency: lanes.length, discard: true }),
    check: Effect.gen(function* () {
      const found = versionsIn(stored(world, id))
      store.check(name, found)
      const listed = [...(yield* Stream.runCollect(files.list(id, mount)))]
      if (listed.map((file) => file.name).join() !== [...found.keys()].toSorted().join()) {
        fail(`${name}: the list differs from what is there`)
      }
    })
  }
  return client
})

/** Fills a context and clears it; what is put there after a clear was asked for has to stay. */
export const clearing = Effect.fnUntraced(function* (world: World, name: string) {
  const { agentBay, random } = world
  const { id } = yield* agentBay.contexts.create(name)
  const store = Model.files()
  /** Files that a clear, whose answer never came, removes all at once or not at all. */
  let together: ReadonlyArray<string> = []

  const fill = Effect.fnUntraced(function* (file: string) {
    const version = newVersion()
    store.expect(file, version)
    yield* put(world, id, file, version)
    store.acknowledge(file, version)
  })

  const clear = Effect.gen(function* () {
    together = [...store.acknowledged().keys()]
    for (const file of together) store.expect(file, undefined)
    yield* agentBay.contexts.clearStarted(id)
    // From here on another server has to finish it.
    for (const file of together) store.acknowledge(file, undefined)
    together = []
    if (random.chance(0.5)) yield* fill("after")
    if (random.chance(0.5)) {
      yield* Wire.eventually(agentBay.contexts.clearStatus(id), (word) => word === "available")
    }
  })

  const client: Client = {
    name,
    step: Effect.suspend(() =>
      Effect.zipRight(
        Effect.forEach(["a", "b", "c"].slice(random.below(3)), fill, { discard: true }),
        clear
      )
    ),
    check: Effect.gen(function* () {
      yield* Wire.eventually(agentBay.contexts.clearStatus(id), (word) => word === "available")
      const found = versionsIn(stored(world, id))
      const left = together.filter((file) => found.has(file))
      if (left.length > 0 && left.length < together.length) {
        fail(`${name}: a clear left ${left.join()} of ${together.join()}`)
      }
      together = []
      store.check(name, found)
    })
  }
  return client
})
