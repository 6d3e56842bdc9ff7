// Packs both packages as they would be published: `node scripts/pack.mjs FOLDER`. Prints the
// paths of the tarballs, a line each. They hold what is built.
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { pnpm } from "./pnpm.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))

/** Packs both packages into a folder; gives the paths of the tarballs. */
export const pack = (folder) =>
  Promise.all(
    ["core", "node"].map(async (name) => {
      const to = join(folder, `${name}.tgz`)
      await pnpm(join(root, "packages", name), "pack", "--out", to)
      return to
    })
  )

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const path of await pack(process.argv[2])) console.log(path)
}
