import { createHash } from 'node:crypto'

/** A statement that each connection parses once. The name depends on nothing but the text, so any process may use it. */
export type Prepared = { name: string; text: string }

/** Of a statement whose parameters are written `?`. */
export function prepared(sql: string): Prepared {
  let count = 0
  const text = sql.replaceAll('?', () => {
    count += 1
    return `$${count}`
  })
  return { name: createHash('sha256').update(text).digest('base64url').slice(0, 22), text }
}

/** The statement as a subquery behind LATERAL: it takes its parameters from the columns `p1`, `p2`, … of `asked`. */
export function lateral(sql: string): string {
  let count = 0
  return sql.replaceAll('?', () => {
    count += 1
    return `asked.p${count}`
  })
}

/** PostgreSQL's text has no NUL. */
export function toValue(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '') : value
  return Array.isArray(value) ? value.map(toValue) : value
}
