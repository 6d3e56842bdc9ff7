/**
 * The certificate of a server that speaks TLS, and its key.
 *
 * Official clients know nothing but https. A certificate that the server makes for itself is
 * its own authority: whoever is told to trust it trusts this server and nothing else.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as NodeCrypto from "node:crypto"
import * as NodeNet from "node:net"
import * as NodeOs from "node:os"
import * as NodePath from "node:path"
import { DataDirectory } from "../DataDirectory.js"
import { causedBy, describe, type LocalAgentBayError } from "../LocalAgentBayError.js"
import * as PrivateFile from "../PrivateFile.js"

/**
 * `true` for a certificate that is made and kept in the data directory, or the PEM files of
 * one that exists. The first certificate in `certFile` is the server's own.
 *
 * @since 0.1.0
 */
export type TlsOption = boolean | { readonly certFile: string; readonly keyFile: string }

/**
 * What the server shows of itself.
 *
 * @since 0.1.0
 */
export interface Identity {
  /** PEM text. */
  readonly cert: string
  /** PEM text. */
  readonly key: string
  /** Absolute path of the certificate: the file that clients have to trust. */
  readonly certFile: string
}

const dayMillis = 86_400_000

/** How long a certificate holds, and from how many days before its end another is made. */
const validDays = 365
const renewDays = 30

/** Clocks of two machines, or of a machine and its containers, are never quite the same. */
const skewMillis = dayMillis

const listensOnAll = (host: string): boolean => host === "0.0.0.0" || host === "::"

/** A zone or brackets have no place in a certificate. */
const plainName = (host: string): string => host.replace(/^\[(.*)\]$/, "$1").replace(/%.*$/, "")

/**
 * The names and addresses under which a server is reached that listens on `host`, and those
 * under which it is reached besides.
 *
 * @since 0.1.0
 */
export const reachedAs = (
  host: string,
  further: ReadonlyArray<string> = []
): ReadonlyArray<string> => {
  const others = listensOnAll(host)
    ? [
        NodeOs.hostname(),
        ...Object.values(NodeOs.networkInterfaces())
          .flatMap((addresses) => addresses ?? [])
          .map(({ address }) => plainName(address))
      ]
    : [plainName(host)]
  return [...new Set(["localhost", "127.0.0.1", "::1", ...others, ...further.map(plainName)])]
}

const covers = (certificate: NodeCrypto.X509Certificate, name: string): boolean =>
  (NodeNet.isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined

const parse = (cert: string, key: string): Either.Either<NodeCrypto.X509Certificate, string> =>
  Either.try({
    try: () => {
      const certificate = new NodeCrypto.X509Certificate(cert)
      if (!certificate.checkPrivateKey(NodeCrypto.createPrivateKey(key))) {
        throw new Error("the key does not belong to the certificate")
      }
      return certificate
    },
    catch: describe
  })

/**
 * Whether a kept certificate can go on being used: it and its key can be read and belong
 * together, it covers the names, and it holds for more than a month from `now`.
 *
 * @since 0.1.0
 */
export const isGood = (
  cert: string,
  key: string,
  names: ReadonlyArray<string>,
  now: number
): boolean =>
  Either.match(parse(cert, key), {
    onLeft: () => false,
    onRight: (certificate) =>
      Date.parse(certificate.validTo) - now > renewDays * dayMillis &&
      Date.parse(certificate.validFrom) <= now &&
      names.every((name) => covers(certificate, name))
  })

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" }

const generate = async (
  names: ReadonlyArray<string>,
  now: number
): Promise<Pick<Identity, "cert" | "key">> => {
  // Loaded only where a certificate is made: few servers speak TLS, and most of those once.
  const x509 = await import("@peculiar/x509")
  const { subtle } = NodeCrypto.webcrypto
  x509.cryptoProvider.set(NodeCrypto.webcrypto)
  const keys = await subtle.generateKey(algorithm, true, ["sign", "verify"])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    // Positive, and never the same twice: clients know a certificate by issuer and number.
    serialNumber: `01${NodeCrypto.randomBytes(15).toString("hex")}`,
    name: "CN=Local AgentBay",
    notBefore: new Date(now - skewMillis),
    notAfter: new Date(now + validDays * dayMillis),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign,
        true
      ),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: NodeNet.isIP(value) === 0 ? "dns" : "ip", value }))
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)
    ]
  })
  const pkcs8 = NodeCrypto.createPrivateKey({
    key: Buffer.from(await subtle.exportKey("pkcs8", keys.privateKey)),
    format: "der",
    type: "pkcs8"
  })
  return {
    cert: `${certificate.toString("pem")}\n`,
    key: String(pkcs8.export({ format: "pem", type: "pkcs8" }))
  }
}

/** The certificate of the data directory; a new one where there is none that will do. */
const ofDataDirectory = Effect.fnUntraced(function* (
  names: ReadonlyArray<string>
): Effect.fn.Return<
  Identity,
  PlatformError | LocalAgentBayError,
  DataDirectory | FileSystem.FileSystem
> {
  const directory = yield* DataDirectory
  const fs = yield* FileSystem.FileSystem
  const { certFile, tlsKeyFile } = directory
  const now = yield* Clock.currentTimeMillis
  const readOr = (path: string) => Effect.orElseSucceed(fs.readFileString(path), () => "")
  const cert = yield* readOr(certFile)
  const key = yield* readOr(tlsKeyFile)
  if (isGood(cert, key, names, now)) {
    yield* PrivateFile.protect(tlsKeyFile)
    return { cert, key, certFile }
  }
  const made = yield* Effect.tryPromise({
    try: () => generate(names, now),
    catch: causedBy("Tls", directory.root)
  })
  // A start that is cut off between the two leaves a pair that does not fit, which is renewed.
  yield* PrivateFile.write(tlsKeyFile, made.key)
  yield* PrivateFile.write(certFile, made.cert)
  return { ...made, certFile }
})

/** What its owner gives is taken as it is, as long as it can be used at all. */
const given = Effect.fnUntraced(function* (files: {
  readonly certFile: string
  readonly keyFile: string
}): Effect.fn.Return<
  Identity,
  PlatformError | LocalAgentBayError,
  DataDirectory | FileSystem.FileSystem
> {
  const directory = yield* DataDirectory
  const fs = yield* FileSystem.FileSystem
  const cert = yield* fs.readFileString(files.certFile)
  const key = yield* fs.readFileString(files.keyFile)
  yield* Either.mapLeft(parse(cert, key), causedBy("Tls", directory.root))
  return { cert, key, certFile: NodePath.resolve(files.certFile) }
})

/**
 * The identity of a server that is reached under these names; none when it does not speak TLS.
 * The one that is made holds for a year, covers the names, and is made again when less than a
 * month is left or when it does not cover one of them. Its key can be read by the owner
 * alone.
 *
 * @since 0.1.0
 */
export const identity = Effect.fnUntraced(function* (
  option: TlsOption,
  names: ReadonlyArray<string>
): Effect.fn.Return<
  Identity | undefined,
  LocalAgentBayError,
  DataDirectory | FileSystem.FileSystem
> {
  if (option === false) return undefined
  const { root } = yield* DataDirectory
  return yield* (option === true ? ofDataDirectory(names) : given(option)).pipe(
    Effect.mapError((cause) =>
      cause._tag === "LocalAgentBayError" ? cause : causedBy("Tls", root)(cause)
    )
  )
})

/**
 * What a client has to trust, as PEM text, to reach a server with this certificate. Undefined
 * for none, and for one that somebody else has issued: whoever runs that server sees to it
 * that the issuer is trusted.
 *
 * @since 0.1.0
 */
export const trusted = (
  certFile: string | undefined
): Effect.Effect<string | undefined, never, FileSystem.FileSystem> =>
  certFile === undefined
    ? Effect.succeed(undefined)
    : Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(certFile)).pipe(
        Effect.flatMap((pem) =>
          Effect.try(() => {
            const { issuer, subject } = new NodeCrypto.X509Certificate(pem)
            return issuer === subject ? pem : undefined
          })
        ),
        // Without it the connection is refused, which says more than this could.
        Effect.orElseSucceed(() => undefined)
      )
