import { z } from 'zod'

const MAX_LIMIT = 200

/** The query parameters of every list. `cursor` is parsed into a position: a row number. Lists are in descending order of row numbers. */
export const pageQuerySchema = z.object({
  limit: z
    .string()
    .refine(
      (text) => /^\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_LIMIT,
      `must be an integer from 1 to ${MAX_LIMIT}`,
    )
    .transform(Number)
    .default(50)
    .meta({ type: 'integer', minimum: 1, maximum: MAX_LIMIT }),
  cursor: z
    .string()
    .transform((text, context) => {
      const position = readCursor(text)
      if (position !== undefined) return position
      context.addIssue({ code: 'custom', message: 'must be a nextCursor of this list' })
      return z.NEVER
    })
    .optional(),
})

/** For a route that takes no query parameters. */
export const NO_QUERY = z.strictObject({})

/** The page that a query asks for. It contains only entries with lower row numbers than `before`; null for the first page. */
export function pageOf({ limit, cursor }: z.output<typeof pageQuerySchema>): {
  limit: number
  before: number | null
} {
  return { limit, before: cursor ?? null }
}

/** Makes the cursor of a position. It is opaque to the caller, so its content may change. */
export function writeCursor(position: number): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url')
}

function readCursor(text: string): number | undefined {
  try {
    return z
      .int()
      .positive()
      .parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch {
    return undefined
  }
}
