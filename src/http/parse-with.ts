import { z } from 'zod'
import { type FieldError, TrackerError } from '../domain/errors.ts'

/**
 * Parses a JSON body or the parameters of a path. Throws `invalid_input`, which names each invalid field, except an object's unknown
 * fields beyond `MAX_UNKNOWN_FIELDS`.
 */
export function parseWith<T>(schema: z.ZodType<T>, value: unknown): T {
  return parse(schema, value, { part: 'request', unknown: 'is not a known field' })
}

/**
 * Parses a query. All values of a list count; of any other parameter that is repeated, only the first. An empty value of a
 * known parameter that is not a list counts as absent unless `emptyIsAbsent` is false: forms, and scripts that fill in a fixed
 * query, send unset filters as empty values.
 * Throws `invalid_input`, which names each invalid parameter, except unknown ones beyond `MAX_UNKNOWN_FIELDS`.
 */
export function parseQuery<T>(
  schema: z.ZodType<T>,
  query: URLSearchParams,
  { emptyIsAbsent = true }: { emptyIsAbsent?: boolean } = {},
): T {
  const fields = schema instanceof z.ZodObject ? schema.shape : {}
  const parameters: [name: string, value: string | string[]][] = []
  for (const name of new Set(query.keys())) {
    const value = query.get(name) ?? ''
    const isKnown = Object.hasOwn(fields, name)
    if (isKnown && isList(fields[name])) parameters.push([name, query.getAll(name)])
    else if (!(isKnown && emptyIsAbsent && value === '')) parameters.push([name, value])
  }
  return parse(schema, Object.fromEntries(parameters), {
    part: 'query',
    unknown: 'is not a parameter of this route',
  })
}

function isList(field: unknown): boolean {
  return (field instanceof z.ZodPipe ? field.in : field) instanceof z.ZodArray
}

function parse<T>(
  schema: z.ZodType<T>,
  value: unknown,
  texts: { part: 'request' | 'query'; unknown: string },
): T {
  const parsed = schema.safeParse(value, { error: plainMessage })
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.flatMap((issue) => fieldErrors(issue, texts.unknown))
  throw new TrackerError('invalid_input', `The ${texts.part} is not valid.`, { fields })
}

/** The message about a field whose schema has no message of its own. Undefined keeps zod's default message. */
function plainMessage(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${TYPES[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be ${issue.values.map(String).join(', ')}`.replace(/, (?=[^,]*$)/, ' or ')
    case 'too_small':
      return issue.origin === 'string' ? 'must not be empty' : `must be at least ${issue.minimum}`
    case 'too_big':
      return issue.origin === 'string'
        ? `must have at most ${issue.maximum} characters`
        : `must be at most ${issue.maximum}`
    default:
      return undefined
  }
}

const TYPES: { [type: string]: string } = {
  string: 'a string',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
}

/** At most this many unknown fields of an object are reported: a body of 1 MiB may have 100,000. */
const MAX_UNKNOWN_FIELDS = 20

function fieldErrors(issue: z.core.$ZodIssue, unknownMessage: string): FieldError[] {
  if (issue.code !== 'unrecognized_keys') return [{ field: issue.path.join('.'), message: issue.message }]
  const unknown = issue.keys.slice(0, MAX_UNKNOWN_FIELDS)
  return unknown.map((key) => ({ field: [...issue.path, key].join('.'), message: unknownMessage }))
}

/** Turns a parser into the transform of one field, so that its errors are reported together with those of the other fields. */
export function withIssues<In, Out>(parse: (value: In) => Out) {
  return (value: In, context: z.core.$RefinementCtx) => {
    try {
      return parse(value)
    } catch (error) {
      if (!(error instanceof TrackerError)) throw error
      for (const { message } of error.fields) context.addIssue({ code: 'custom', message })
      return z.NEVER
    }
  }
}
