import type { Context, MiddlewareHandler } from 'hono'
import { z } from 'zod'
import { badRequest } from '../api-error.ts'
import { checkPrivateKey, type PrivateKey } from '../auth/private-key.ts'
import { isObjectId } from '../library/library-file.ts'
import { parseJsonText } from '../parameters/shared-parameters.ts'

export function requireKey(privateKey: PrivateKey): MiddlewareHandler {
  return async (c, next) => {
    checkPrivateKey(c.req.header('authorization'), privateKey)
    await next()
  }
}

/** The parsed JSON body. An error names the first field that is missing or invalid. */
export async function readBody<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const json = parseJsonText(await c.req.text())
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const name = issue?.path[0]
  if (name === undefined) throw badRequest('Your request contains invalid JSON in the request body.')
  const isMissing = json === null || typeof json !== 'object' || !Object.hasOwn(json, name)
  throw isMissing
    ? badRequest(`${String(name)} parameter is missing.`, 'MISSING_PARAMETER')
    : badRequest(`Your request contains invalid ${String(name)} parameter.`, 'INVALID_PARAMETER')
}

/** A text of a request that must not be empty. */
export const requiredText = z.string().min(1)

/** The id in the path: 24 hexadecimal digits. */
export function objectIdParam(c: Context, name: string): string {
  const text = c.req.param(name) ?? ''
  if (!isObjectId(text)) throw badRequest(`Your request contains invalid ${name} parameter.`)
  return text
}
