/**
 * Answers in lines.
 *
 * @since 0.1.0
 */

/**
 * A name or path on one line. A line break in a name would look like a second entry, so it is
 * spelled out; no other name is changed.
 *
 * @since 0.1.0
 */
export const single = (name: string): string =>
  name.replaceAll("\n", String.raw`\n`).replaceAll("\r", String.raw`\r`)
