import { createHash } from 'node:crypto'

/** A statement that each connection parses once. The name is a hash of the text, so all processes use the same name for it. */
export type Prepared = { name: string; text: string }

/** Names a statement whose parameters are written `?`, and numbers the parameters. */
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

/** Removes NUL characters from texts, because PostgreSQL can't store them. */
export function withoutNul(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '') : value
  return Array.isArray(value) ? value.map(withoutNul) : value
}
