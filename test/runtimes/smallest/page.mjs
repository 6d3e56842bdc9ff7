// In a page of a browser: it gets its settings from the server of the page, shows its results,
// and tells that server what it shows.
import { run } from "./program.mjs"

const settings = await (await fetch("/settings.json")).json()
const shown = await run(settings).then(JSON.stringify, String)
document.body.textContent = shown
await fetch("/shown", { method: "POST", body: document.body.textContent })
