/**
 * Colours for a terminal.
 *
 * @since 0.1.0
 */

type Paint = (text: string) => string

/**
 * What texts can be painted with. Without colour every member gives the text back as it is.
 *
 * @since 0.1.0
 */
export interface Style {
  readonly bold: Paint
  readonly dim: Paint
  readonly good: Paint
  readonly bad: Paint
  readonly busy: Paint
  readonly accent: Paint
}

const paint =
  (begin: number, end: number): Paint =>
  (text) =>
    text === "" ? "" : `\u001B[${begin}m${text}\u001B[${end}m`

/**
 * Paints nothing.
 *
 * @since 0.1.0
 */
export const plain: Style = {
  bold: (text) => text,
  dim: (text) => text,
  good: (text) => text,
  bad: (text) => text,
  busy: (text) => text,
  accent: (text) => text
}

/**
 * Paints with the terminal's own palette, so that it is readable on dark and light ground.
 *
 * @since 0.1.0
 */
export const coloured: Style = {
  bold: paint(1, 22),
  dim: paint(2, 22),
  good: paint(32, 39),
  bad: paint(31, 39),
  busy: paint(33, 39),
  accent: paint(36, 39)
}

/**
 * @since 0.1.0
 */
export const of = (surface: { readonly colour: boolean }): Style =>
  surface.colour ? coloured : plain
