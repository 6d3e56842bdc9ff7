/**
 * One page of a list that the service gives in pages.
 *
 * @since 0.1.0
 */

/**
 * The items of one page, and where the next one begins.
 *
 * @since 0.1.0
 * @category models
 */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  /** What the next page is asked for with; absent on the last page. */
  readonly nextToken: string | undefined
  /** How many items all pages hold, when the service says so. */
  readonly totalCount: number | undefined
  readonly requestId: string
}
