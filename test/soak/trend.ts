export interface Point {
  readonly x: number
  readonly y: number
}

/** The later half of some points: what comes before may still be settling. */
export const laterHalf = (points: ReadonlyArray<Point>): ReadonlyArray<Point> =>
  points.slice(Math.floor(points.length / 2))

/**
 * The straight line through points by least squares: how much it rises from the first point to
 * the last, and the standard error of that.
 */
export const trend = (
  points: ReadonlyArray<Point>
): { readonly mean: number; readonly growth: number; readonly noise: number } => {
  const average = (values: ReadonlyArray<number>) =>
    values.reduce((sum, value) => sum + value, 0) / values.length
  const meanX = average(points.map(({ x }) => x))
  const mean = average(points.map(({ y }) => y))
  let squares = 0
  let products = 0
  for (const { x, y } of points) {
    squares += (x - meanX) ** 2
    products += (x - meanX) * (y - mean)
  }
  const slope = products / squares
  const rest = points.map(({ x, y }) => (y - mean - slope * (x - meanX)) ** 2)
  const variance = rest.reduce((sum, value) => sum + value, 0) / Math.max(1, points.length - 2)
  const width = (points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0)
  return { mean, growth: slope * width, noise: Math.sqrt(variance / squares) * width }
}
