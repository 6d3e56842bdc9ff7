/**
 * How often a test repeats what it does: `short` with all tests, `long` by the command of its
 * theme (`pnpm faults`, `pnpm fuzz`, `pnpm chaos`, `pnpm soak`).
 */
export const rounds = (count: { readonly short: number; readonly long: number }): number =>
  process.env["ROUNDS"] === "long" ? count.long : count.short
