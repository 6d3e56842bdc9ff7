import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { CreateOptions } from "../AgentBay.js"
import type { InvalidArgument } from "../AgentBayError.js"
import { type ContextSync, validateAll } from "../ContextSync.js"
import * as PollPolicy from "../PollPolicy.js"
import type { CreateMcpSession } from "../Protocol.js"
import * as Arguments from "./arguments.js"
import { sdkStats } from "./sdkStats.js"

/** The checked arguments of a creation. */
export interface CreateRequest {
  readonly payload: typeof CreateMcpSession.payload.Type
  /** The bindings whose initial download is waited for, and the others. */
  readonly awaited: ReadonlyArray<ContextSync>
  readonly unawaited: ReadonlyArray<ContextSync>
  readonly policy: PollPolicy.PollPolicy
}

const idleSeconds = ({ idleTimeout }: CreateOptions) =>
  idleTimeout === undefined
    ? Effect.succeed(undefined)
    : Effect.flatMap(Arguments.positiveTime("idleTimeout", idleTimeout), (time) =>
        Arguments.wholeNumber("idleTimeout", Math.ceil(Duration.toSeconds(time)), 1)
      )

const extraConfigs = ({ extraConfigs: configs }: CreateOptions) =>
  configs === undefined ? Effect.succeed(undefined) : Arguments.jsonObject("extraConfigs", configs)

// A list that is not sent would be forgotten without a word.
const skills = ({ loadSkills, skillNames }: CreateOptions) =>
  Effect.gen(function* () {
    yield* Arguments.optionalBoolean("loadSkills", loadSkills)
    if (skillNames === undefined) return undefined
    if (loadSkills !== true) {
      return yield* Arguments.refuse("skillNames", "must come together with `loadSkills: true`")
    }
    if (!Array.isArray(skillNames) || skillNames.length === 0) {
      return yield* Arguments.refuse(
        "skillNames",
        "must be a list of at least one name; leave it out for the service's choice"
      )
    }
    yield* Effect.forEach(skillNames, (name, index) =>
      Arguments.notBlank(`skillNames[${index}]`, name)
    )
    return JSON.stringify(skillNames)
  })

/** Checks what a session is to be made of, and writes it as the service wants it. */
export const createRequest = (
  options: CreateOptions,
  defaults: {
    readonly pollPolicy: PollPolicy.PollPolicy
    readonly regionId: string | undefined
  }
): Effect.Effect<CreateRequest, InvalidArgument> =>
  Effect.gen(function* () {
    yield* Arguments.options(options)
    const { contexts = [], enableBrowserReplay, framework, imageId, labels } = options
    yield* validateAll(contexts)
    const policy = yield* PollPolicy.validate(options.pollPolicy ?? defaults.pollPolicy)
    yield* Arguments.optionalNotBlank("imageId", imageId)
    yield* Arguments.optionalNotBlank("policyId", options.policyId)
    yield* Arguments.optionalNotBlank("networkId", options.networkId)
    yield* Arguments.optionalNotBlank("framework", framework)
    yield* Arguments.optionalBoolean("enableBrowserReplay", enableBrowserReplay)
    if (labels !== undefined) yield* Arguments.labels("labels", labels)
    const isUnawaited = (binding: ContextSync) => binding.waitForDownload === false
    return {
      payload: {
        enableRecord: enableBrowserReplay,
        extraConfigs: yield* extraConfigs(options),
        imageId,
        labels,
        loadSkill: options.loadSkills,
        loginRegionId: defaults.regionId,
        mcpPolicyId: options.policyId,
        networkId: options.networkId,
        persistenceDataList: contexts.length === 0 ? undefined : contexts,
        sdkStats: sdkStats(framework),
        skills: yield* skills(options),
        timeout: yield* idleSeconds(options)
      },
      awaited: contexts.filter((binding) => !isUnawaited(binding)),
      unawaited: contexts.filter(isUnawaited),
      policy
    }
  })
