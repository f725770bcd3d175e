import { createHash } from 'node:crypto'

/** A statement that each connection parses once. The name depends only on the text, so any process may use it. */
export type Prepared = { name: string; text: string }

/** Prepares a statement whose parameters are written `?`. */
export function prepared(sql: string): Prepared {
  let count = 0
  const text = sql.replaceAll('?', () => {
    count += 1
    return `$${count}`
  })
  return { name: createHash('sha256').update(text).digest('base64url').slice(0, 22), text }
}

/** The statement as a subquery for LATERAL: its parameters are the columns `p1`, `p2`, … of `asked`. */
export function lateral(sql: string): string {
  let count = 0
  return sql.replaceAll('?', () => {
    count += 1
    return `asked.p${count}`
  })
}

/** Removes NUL characters, which PostgreSQL's text can't contain. */
export function toValue(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '') : value
  return Array.isArray(value) ? value.map(toValue) : value
}
