/**
 * The system's word for what went wrong.
 *
 * @since 0.1.0
 */

/**
 * The code of an error of the system, such as `ENOENT`; none for anything else.
 *
 * @since 0.1.0
 */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error ? String(error.code) : undefined
