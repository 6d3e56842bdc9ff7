/**
 * Local AgentBay: a server in this process that speaks the AgentBay protocol and moves real
 * files, so that programs, tests and demonstrations need no account and no network.
 *
 * @since 0.1.0
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as NodeOs from "node:os"
import type * as Faults from "./Faults.js"
import type * as Admin from "./local/admin/Admin.js"
import * as Advertisement from "./local/Advertisement.js"
import * as DataDirectory from "./local/DataDirectory.js"
import * as FaultPlan from "./local/faults/FaultPlan.js"
import * as DirectLink from "./local/tools/DirectLink.js"
import { causedBy, type LocalAgentBayError, ofState } from "./local/LocalAgentBayError.js"
import * as ServerClock from "./local/ServerClock.js"
import * as Server from "./local/Server.js"
import * as Shell from "./local/shell/Shell.js"
import * as BodyBudget from "./local/http/BodyBudget.js"
import * as Tls from "./local/http/Tls.js"

export {
  /**
   * @since 0.1.0
   * @category errors
   */
  LocalAdminError
} from "./local/admin/AdminError.js"

export type {
  /**
   * What can be done with a running server from outside the protocol.
   *
   * @since 0.1.0
   * @category models
   */
  Service as Admin,
  /**
   * What a seed did.
   *
   * @since 0.1.0
   * @category models
   */
  Seeded,
  /**
   * What the server holds, as plain data.
   *
   * @since 0.1.0
   * @category models
   */
  ServerState
} from "./local/admin/Admin.js"

export type {
  /**
   * One call of the API, as the log of calls tells it.
   *
   * @since 0.1.0
   * @category models
   */
  Call
} from "./local/admin/CallLog.js"

export {
  /**
   * @since 0.1.0
   * @category errors
   */
  LocalAgentBayError
} from "./local/LocalAgentBayError.js"

/**
 * A running Local AgentBay.
 *
 * @since 0.1.0
 * @category models
 */
export interface Service {
  /** Where it answers, for example `http://127.0.0.1:40123`. */
  readonly url: string
  /** Host and port alone, for example `127.0.0.1:40123`. */
  readonly endpoint: string
  /** The only key it accepts. */
  readonly apiKey: Redacted.Redacted
  /** Absolute path of the directory that holds its state and all files. */
  readonly dataDirectory: string
  /**
   * The directory of this machine that a session sees as its `/`. It exists as long as the
   * session does.
   */
  readonly sessionDirectory: (sessionId: string) => string
  /**
   * The directory of this machine that holds the stored files of a context, each under the
   * absolute path it has in a session. It exists once something was uploaded.
   */
  readonly contextDirectory: (contextId: string) => string
  /**
   * The certificate that clients have to trust: absolute path of a PEM file. Undefined when
   * the server speaks plain HTTP.
   */
  readonly certFile: string | undefined
  /** How it misbehaves. */
  readonly faults: FaultControl
  /** What can be done with it from outside the protocol. */
  readonly admin: Admin.Service
  /** The token of the admin route, which does the same over HTTP. */
  readonly adminToken: Redacted.Redacted
}

/**
 * Looks at and changes the rules by which the server misbehaves. They hold from the next
 * call on.
 *
 * @since 0.1.0
 * @category models
 */
export interface FaultControl {
  readonly rules: Effect.Effect<Faults.Faults>
  /** Replaces all rules; what they count begins anew. */
  readonly set: (rules: Faults.Input) => Effect.Effect<void, Faults.FaultsInvalid>
  /** From now on it behaves. */
  readonly clear: Effect.Effect<void>
}

/**
 * The running Local AgentBay.
 *
 * @since 0.1.0
 * @category services
 */
export class LocalAgentBay extends Context.Tag("@effect-agentbay/node/LocalAgentBay")<
  LocalAgentBay,
  Service
>() {}

/**
 * How Local AgentBay is started.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /**
   * Directory for state and files; created when missing. One that holds files of something
   * else is refused. Default `.agentbay`.
   */
  readonly dataDirectory?: string | undefined
  /** Port to listen on, 0 to 65535. Default 0: any free one. */
  readonly port?: number | undefined
  /**
   * Address to listen on. Default `127.0.0.1`. Any other than a loopback address lets other
   * machines in; a warning is logged then.
   */
  readonly host?: string | undefined
  /**
   * The key that clients have to send; not blank. Default: a random one, kept in the data directory
   * and readable by the owner alone.
   */
  readonly apiKey?: Redacted.Redacted | undefined
  /**
   * Write address and key to a file in the data directory, so that other processes of the
   * same user find this server (see {@link readAdvertised}). Default `false`.
   */
  readonly advertise?: boolean | undefined
  /**
   * Speak TLS. `true`: with a certificate that the server makes for loopback names and `host`,
   * keeps in the data directory and makes again a month before it ends; or with the PEM files
   * of another. Default `false`: plain HTTP.
   */
  readonly tls?: boolean | { readonly certFile: string; readonly keyFile: string } | undefined
  /** How to misbehave from the start; see `Faults`. Default: not at all. */
  readonly faults?: Faults.Input | undefined
  /**
   * How the tool `shell` runs commands. `isolated` keeps them inside their session, on Linux
   * with bubblewrap; elsewhere the tool says what is missing. `unsafe` runs them as they are,
   * on this machine, with all that its user may do; a warning is logged. `off` takes the tool
   * away. Default `isolated`.
   */
  readonly shell?: Shell.Mode | undefined
  /**
   * Tell clients an address and a token with each session by which they call its tools
   * directly. Default `false`: they call them through the API.
   */
  readonly directLink?: boolean | undefined
  /**
   * Origins of the pages that may call it from a browser, for example
   * `http://localhost:3000`: they get the headers of CORS. Such a page needs the key all the
   * same. The admin route is not opened to pages. Default: none, and whatever a page sends is
   * refused.
   */
  readonly allowedOrigins?: ReadonlyArray<string> | undefined
  /**
   * Further host names under which it answers, without ports, for example
   * `host.docker.internal`. It answers under those of loopback and under `host` anyway, and
   * under any address when it listens on more than loopback; others are refused, since a page
   * of the web can have any name of its own point here.
   */
  readonly allowedHosts?: ReadonlyArray<string> | undefined
}

/**
 * What a server that advertises itself tells other processes: its address, the key it
 * accepts, the token of its admin route, the path of the certificate to trust when it speaks
 * TLS, its process id, and when it started (ISO 8601 in UTC).
 *
 * @since 0.1.0
 * @category models
 */
export type Advertised = typeof Advertisement.Advertised.Type

/**
 * Finds the server that advertises itself in a data directory. None when there is none,
 * when the file cannot be read, or when its process is gone.
 *
 * @since 0.1.0
 * @category advertising
 */
export const readAdvertised = (dataDirectory: string): Effect.Effect<Option.Option<Advertised>> =>
  Effect.provide(Advertisement.read(dataDirectory), NodeFileSystem.layer)

/**
 * The text of the certificate that a client has to trust to reach a server with this
 * `certFile` (of the {@link Service} or of what is {@link Advertised}), for the `ca` of
 * `NodeAgentBay.layer`. Undefined without a certificate, and for one that another authority
 * has issued.
 *
 * @since 0.1.0
 * @category advertising
 */
export const trusted = (certFile: string | undefined): Effect.Effect<string | undefined> =>
  Effect.provide(Tls.trusted(certFile), NodeFileSystem.layer)

/**
 * Starts Local AgentBay; closing the layer stops it. Transfers that still run then end as
 * `Failed`, everything else is there again at the next start.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<LocalAgentBay, LocalAgentBayError> => {
  const dataDirectory = options.dataDirectory ?? ".agentbay"
  const server = Layer.scoped(LocalAgentBay, Server.serve(options)).pipe(
    Layer.provide(
      Layer.mergeAll(
        Layer.effect(
          FaultPlan.FaultPlan,
          Effect.map(Server.initialFaults(options.faults), FaultPlan.make)
        ),
        BodyBudget.layer,
        Shell.layer(options.shell ?? "isolated"),
        DirectLink.layer(options.directLink ?? false)
      )
    ),
    Layer.provide(DataDirectory.layer(dataDirectory)),
    Layer.mapError(ofState(dataDirectory)),
    Layer.provide(NodeFileSystem.layer)
  )
  return Layer.scoped(
    LocalAgentBay,
    Effect.suspend(() => {
      const { clock, service } = ServerClock.make()
      return server.pipe(
        Layer.provide(Layer.succeed(ServerClock.ServerClock, service)),
        // Layers are shared by reference: without this, a second server of the same program
        // would stand on the rooms of the first.
        Layer.fresh,
        Layer.build,
        Effect.map(Context.get(LocalAgentBay)),
        // The server's own clock, and only in the server: the program around it has its own.
        Effect.withClock(clock)
      )
    })
  )
}

/**
 * Starts Local AgentBay in a temporary directory, on a free port unless one is given. The
 * directory is removed at the end.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTestWith = (
  options: Omit<Options, "dataDirectory">
): Layer.Layer<LocalAgentBay, LocalAgentBayError> =>
  Layer.unwrapScoped(
    Effect.flatMap(FileSystem.FileSystem, (fs) =>
      fs.makeTempDirectoryScoped({ prefix: "agentbay-" })
    ).pipe(
      Effect.mapError(causedBy("DataDirectory", NodeOs.tmpdir())),
      Effect.map((dataDirectory) => layer({ ...options, dataDirectory }))
    )
  ).pipe(Layer.provide(NodeFileSystem.layer))

/**
 * The same without options.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerTest: Layer.Layer<LocalAgentBay, LocalAgentBayError> = layerTestWith({})
