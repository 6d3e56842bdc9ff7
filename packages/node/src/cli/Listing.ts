/**
 * Lists of any length: all of it, or one page, as a table or as one JSON value a line.
 *
 * @since 0.1.0
 */
import * as Options from "@effect/cli/Options"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { CommandFailed, UsageError } from "./Failure.js"
import { Screen } from "./Screen.js"
import * as Style from "./Style.js"
import * as Table from "./Table.js"

const defaultPageSize = 50

/**
 * `--page N` and `--page-size N`.
 *
 * @since 0.1.0
 */
export const paging = {
  page: Options.integer("page").pipe(
    Options.withPseudoName("N"),
    Options.withDescription("Only this page, counted from 1 (default: all of them)"),
    Options.optional
  ),
  pageSize: Options.integer("page-size").pipe(
    Options.withPseudoName("N"),
    Options.withDescription(`How many make a page (default ${defaultPageSize})`),
    Options.withDefault(defaultPageSize)
  )
}

/**
 * Which part of a list is wanted.
 *
 * @since 0.1.0
 */
export interface Paging {
  readonly page: Option.Option<number>
  readonly pageSize: number
}

const atLeastOne = (option: string, value: number): Effect.Effect<void, UsageError> =>
  value >= 1
    ? Effect.void
    : Effect.fail(new UsageError({ message: `${option} must be a whole number from 1 on` }))

const check = ({ page, pageSize }: Paging) =>
  Effect.zipRight(
    atLeastOne("--page-size", pageSize),
    atLeastOne(
      "--page",
      Option.getOrElse(page, () => 1)
    )
  )

const pageOf = <A, E>(items: Stream.Stream<A, E>, { page, pageSize }: Paging) =>
  Option.match(page, {
    onNone: () => items,
    onSome: (number) => Stream.take(Stream.drop(items, (number - 1) * pageSize), pageSize)
  })

const isPastTheEnd = ({ page }: Paging, count: number) =>
  count === 0 && Option.exists(page, (number) => number > 1)

const noSuchPage = ({ page, pageSize }: Paging) =>
  new CommandFailed({
    message: `There is no page ${Option.getOrElse(page, () => 1)} with ${pageSize} on a page.`
  })

/**
 * Shows a list. With JSON each item is written as it comes; a table needs all of them first.
 *
 * @since 0.1.0
 */
export const show = <A, E>(
  items: Stream.Stream<A, E>,
  options: {
    readonly paging: Paging
    readonly json: boolean
    readonly toJson: (item: A) => unknown
    readonly columns: ReadonlyArray<Table.Column<A>>
    /** What is noted when there is nothing. */
    readonly nothing: string
  }
): Effect.Effect<void, E | CommandFailed | UsageError, Screen> =>
  Effect.gen(function* () {
    const screen = yield* Screen
    yield* check(options.paging)
    const wanted = pageOf(items, options.paging)
    if (options.json) {
      const count = yield* Stream.runFoldEffect(wanted, 0, (sum, item) =>
        Effect.as(screen.print(JSON.stringify(options.toJson(item))), sum + 1)
      )
      return isPastTheEnd(options.paging, count) ? yield* noSuchPage(options.paging) : undefined
    }
    const all = Chunk.toReadonlyArray(yield* Stream.runCollect(wanted))
    if (isPastTheEnd(options.paging, all.length)) return yield* noSuchPage(options.paging)
    if (all.length === 0) return yield* screen.note(options.nothing)
    const surface = yield* screen.stdout
    const lines = Table.render(options.columns, all, {
      columns: surface.columns,
      style: Style.of(surface)
    })
    yield* screen.print(lines.join("\n"))
  })
