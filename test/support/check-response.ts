import { expect } from 'vitest'
import { z } from 'zod'
import { imagekitErrorSchema, problemSchema } from '../../src/contract/problems.ts'
import type { DescribedOperation, ResponseShape } from '../../src/http/route.ts'

/**
 * Fails unless the contract describes the response: its status, its media type and, in JSON, each of its fields. For an error, checks
 * only that it is a problem or, on ImageKit's paths, that it has the shape of ImageKit's errors. Skips the admin pages, successful
 * responses to OPTIONS, all but the status of successful responses to HEAD, errors without a body, and on ImageKit's paths what ImageKit
 * may have sent: every success, and every error with an `x-submission-id`.
 */
export async function checkResponse(
  operations: readonly DescribedOperation[],
  method: string,
  url: string,
  response: Response,
): Promise<void> {
  const { pathname } = new URL(url)
  if (pathname.startsWith('/admin')) return
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';')
  const label = `${method} ${pathname} → ${response.status} ${type}`
  if (response.status >= 400) return checkError(label, pathname, type, response)
  // On these paths a success is ImageKit's own response, passed on unchanged.
  if (/^\/(api\/v[12]|v1)\//.test(pathname) || method === 'OPTIONS') return
  const operation = findOperation(operations, method === 'HEAD' ? 'GET' : method, pathname)
  const described = operation?.responses[response.status]
  expect(described, `${label} is described`).toBeDefined()
  if (described !== undefined && method !== 'HEAD') await checkBody(label, type, described, response)
}

async function checkError(label: string, pathname: string, type: string, response: Response): Promise<void> {
  const isImagekit = /^\/(api\/v[12]|v1)(\/|$)/.test(pathname)
  const text = await response.clone().text()
  // Responses to HEAD have no body. ImageKit's own responses are passed on unchanged.
  if (text === '' || (isImagekit && response.headers.has('x-submission-id'))) return
  expect(type, label).toBe(isImagekit ? 'application/json' : 'application/problem+json')
  checkJson(label, isImagekit ? imagekitErrorSchema : problemSchema, JSON.parse(text))
}

async function checkBody(
  label: string,
  type: string,
  described: ResponseShape,
  response: Response,
): Promise<void> {
  if (described !== null && 'mediaType' in described) {
    expect(type, label).toBe(described.mediaType)
    return
  }
  const text = await response.clone().text()
  if (described === null) {
    expect(text, label).toBe('')
    return
  }
  expect(type, label).toBe('application/json')
  checkJson(label, described, JSON.parse(text))
}

function checkJson(label: string, schema: z.ZodType, json: unknown): void {
  const { error } = strict(schema).safeParse(json)
  expect(error && z.prettifyError(error), label).toBeUndefined()
}

function findOperation(operations: readonly DescribedOperation[], method: string, pathname: string) {
  const matches = operations.filter((operation) => {
    const pattern = new RegExp(`^${operation.path.replace(/:\w+/g, '[^/]+')}$`)
    return operation.method === method && pattern.test(pathname)
  })
  // If several paths match, the one with the fewest parameters counts.
  return matches.toSorted((one, other) => one.path.split(':').length - other.path.split(':').length)[0]
}

const strictSchemas = new WeakMap<z.ZodType, z.ZodType>()

/**
 * The schema, changed to reject unknown fields, except in objects that say explicitly how to treat them. It is cached, because zod
 * compiles a schema on its first use.
 */
function strict(schema: z.ZodType): z.ZodType {
  const cached = strictSchemas.get(schema)
  if (cached !== undefined) return cached
  const strictSchema = makeStrict(schema)
  strictSchemas.set(schema, strictSchema)
  return strictSchema
}

function makeStrict(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodObject) {
    if (schema.def.catchall !== undefined) return schema
    const shape = Object.entries(schema.shape).map(([name, field]) => [name, strict(field as z.ZodType)])
    return z.strictObject(Object.fromEntries(shape))
  }
  if (schema instanceof z.ZodArray) return z.array(strict(schema.element as z.ZodType))
  if (schema instanceof z.ZodNullable) return strict(schema.unwrap() as z.ZodType).nullable()
  if (schema instanceof z.ZodOptional) return strict(schema.unwrap() as z.ZodType).optional()
  if (schema instanceof z.ZodRecord) return z.record(schema.keyType, strict(schema.valueType as z.ZodType))
  if (schema instanceof z.ZodUnion) return z.union(schema.options.map((one) => strict(one as z.ZodType)))
  return schema
}
