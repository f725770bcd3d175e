import { z } from 'zod'
import { type FieldError, TrackerError } from '../domain/errors.ts'

/** Parses a body. Throws `invalid_input`, which names each invalid field. */
export function parseWith<T>(schema: z.ZodType<T>, given: unknown): T {
  return parse(schema, given, { part: 'request', unknown: 'is not a known field' })
}

/** Parses a query. Throws `invalid_input`, which names each invalid parameter. */
export function parseQuery<T>(schema: z.ZodType<T>, query: URLSearchParams): T {
  const given: [name: string, value: string | string[]][] = []
  for (const name of new Set(query.keys())) {
    const value = isList(schema, name) ? query.getAll(name) : query.get(name)
    given.push([name, value ?? ''])
  }
  return parse(schema, Object.fromEntries(given), {
    part: 'query',
    unknown: 'is not a parameter of this route',
  })
}

/** A query whose empty values count as absent. Forms, and scripts that fill in a fixed query, send unset filters like that. */
export function withoutEmpty(query: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...query].filter(([, value]) => value !== ''))
}

function isList(schema: z.ZodType, name: string): boolean {
  if (!(schema instanceof z.ZodObject)) return false
  const field: unknown = schema.shape[name]
  const input = field instanceof z.ZodPipe ? field.in : field
  return input instanceof z.ZodArray
}

function parse<T>(schema: z.ZodType<T>, given: unknown, texts: { part: string; unknown: string }): T {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.flatMap((issue) => fieldErrors(issue, texts.unknown))
  throw new TrackerError('invalid_input', `The ${texts.part} is not valid.`, { fields })
}

/** A body of 1 MiB may have 100,000 unknown fields. */
const MAX_UNKNOWN_FIELDS = 20

function fieldErrors(issue: z.core.$ZodIssue, message: string): FieldError[] {
  if (issue.code !== 'unrecognized_keys') return [{ field: issue.path.join('.'), message: issue.message }]
  const unknown = issue.keys.slice(0, MAX_UNKNOWN_FIELDS)
  return unknown.map((key) => ({ field: [...issue.path, key].join('.'), message }))
}
