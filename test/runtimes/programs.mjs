// The smallest program, from the packages as they would be published, in every runtime against
// Local AgentBay.
import { build } from "esbuild"
import assert from "node:assert/strict"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { pack } from "../../scripts/pack.mjs"
import { end, firstLine, run, start } from "./processes.mjs"

/** Installs the packed packages, and nothing else, in an empty folder; puts the programs there. */
export const install = async (home) => {
  const folder = join(home, "installed")
  mkdirSync(folder)
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }))
  const { code, printed } = await run(
    [
      "npm",
      "install",
      "--ignore-scripts",
      "--no-audit",
      "--no-fund",
      "--prefer-offline",
      ...(await pack(home))
    ],
    { cwd: folder, seconds: 240 }
  )
  assert.equal(code, 0, printed)
  cpSync(fileURLToPath(new URL("smallest", import.meta.url)), folder, { recursive: true })
  return folder
}

const started = async (command, options) => {
  const server = start(command, options)
  return { ...(await firstLine(server, server.child.stdout)), server }
}

/**
 * Runs the program against a server of its own, which `node` runs, and looks at what it tells
 * and at what is in the store.
 */
const against = async (folder, node, use, options = {}) => {
  const { server, settings, stored, synced } = await started([...node, "server.mjs"], {
    cwd: folder,
    env: { LOCAL: JSON.stringify(options) }
  })
  try {
    assert.deepEqual(await use(settings), {
      before: [],
      outcome: "Completed",
      after: [`Success ${synced}`]
    })
    assert.equal(readFileSync(stored, "utf8"), "from the session\n")
  } finally {
    await end(server)
  }
}

/** What each runtime is to allow the program, where it can be told: no more than it needs. */
const allowed = {
  bun: [],
  deno: ["run", "--no-prompt", "--allow-env=SETTINGS", "--allow-net=127.0.0.1"],
  node: []
}

/** In a process of Node, Bun or Deno. Node runs Local AgentBay, too. */
export const inProcess = (folder, runtime) =>
  against(
    folder,
    runtime.kind === "node" ? runtime.command : [process.execPath],
    async (settings) => {
      const program = start([...runtime.command, ...allowed[runtime.kind], "process.mjs"], {
        cwd: folder,
        env: { SETTINGS: JSON.stringify(settings) }
      })
      const told = await firstLine(program, program.child.stdout)
      assert.equal(await program.ended, 0, program.said)
      return told
    }
  )

const bundle = (folder, entry, conditions) =>
  build({
    absWorkingDir: folder,
    entryPoints: [entry],
    outdir: "bundled",
    bundle: true,
    conditions,
    format: "esm",
    logLevel: "silent",
    platform: "neutral",
    mainFields: ["browser", "module", "main"],
    target: "es2022"
  })

const asked = async (url) => {
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000) })
  const body = await response.text()
  assert.equal(response.status, 200, body)
  return JSON.parse(body)
}

/** In a worker, which has nothing of Node and reaches nothing but this machine. */
export const inWorker = async (folder, runtime) => {
  await bundle(folder, "worker.mjs", ["workerd", "worker"])
  await against(folder, [process.execPath], async (settings) => {
    const binding = (name) => `(name = "${name}", text = ${JSON.stringify(settings[name])})`
    writeFileSync(
      join(folder, "workerd.capnp"),
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "program", worker = (
      modules = [(name = "worker.js", esModule = embed "bundled/worker.js")],
      compatibilityDate = "2026-11-01",
      bindings = [${Object.keys(settings).map(binding).join(", ")}],
      globalOutbound = "machine"
    )),
    (name = "machine", network = (allow = ["local"]))
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "program")]
);
`
    )
    const worker = start([...runtime.command, "serve", "--control-fd=3", "workerd.capnp"], {
      cwd: folder,
      stdio: "control"
    })
    try {
      const { port } = await firstLine(worker, worker.child.stdio[3])
      return await asked(`http://127.0.0.1:${port}/`)
    } finally {
      await end(worker, "SIGTERM")
    }
  })
}

/** Serves the page; `shown` is called with what the page says that it shows. */
const servePage = async (folder, settings, shown) => {
  const files = {
    "/": [
      "text/html",
      () =>
        `<!doctype html><meta charset="utf-8"><body><script type="module" src="/page.js"></script>`
    ],
    "/page.js": ["text/javascript", () => readFileSync(join(folder, "bundled/page.js"))],
    "/settings.json": ["application/json", () => JSON.stringify(settings())]
  }
  const server = createServer(async (request, response) => {
    if (request.method === "POST") {
      shown(await text(request))
      response.end()
      return
    }
    const [type, body] = files[request.url] ?? []
    response.writeHead(type === undefined ? 404 : 200, { "content-type": type ?? "text/plain" })
    response.end(body?.())
  })
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
  return server
}

/** In a page of a headless browser, from another port, which Local AgentBay was told to allow. */
export const inPage = async (folder, runtime) => {
  await bundle(folder, "page.mjs", ["browser"])
  let settings
  let shown = () => undefined
  const page = await servePage(
    folder,
    () => settings,
    (what) => shown(what)
  )
  const origin = `http://127.0.0.1:${page.address().port}`
  const visit = async (given) => {
    settings = given
    const told = new Promise((resolve) => {
      shown = resolve
    })
    const browser = start(
      [
        ...runtime.command,
        "--headless",
        "--disable-gpu",
        "--no-first-run",
        // Its sandbox wants a user who is not root; what it opens is ours.
        "--no-sandbox",
        `--user-data-dir=${mkdtempSync(join(folder, "profile-"))}`,
        `${origin}/`
      ],
      { cwd: folder }
    )
    const timer = setTimeout(() => shown("the page told nothing in 60 s"), 60_000)
    const ends = browser.ended.then((code) => `the browser ended (${code}): ${browser.said}`)
    const what = await Promise.race([told, ends])
    clearTimeout(timer)
    await end(browser, "SIGTERM")
    return what
  }
  const options = { allowedOrigins: [origin] }
  try {
    await against(
      folder,
      [process.execPath],
      async (given) => JSON.parse(await visit(given)),
      options
    )
    // Without being told, it refuses the page.
    await assert.rejects(
      against(folder, [process.execPath], async (given) => ({ refused: await visit(given) })),
      ({ actual }) => /TransportError|Failed to fetch/.test(actual.refused)
    )
  } finally {
    page.closeAllConnections()
    page.close()
  }
}
