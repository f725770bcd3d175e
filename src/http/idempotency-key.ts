import { TrackerError } from '../domain/errors.ts'
import { idempotencyScope } from '../tracking/uploads/with-idempotency-key.ts'
import type { AppContext } from './app-env.ts'

/** The scope of the request's `Idempotency-Key`; null if it has none. */
export function requestScope(c: AppContext, keyName: string): string | null {
  const key = c.env.incoming.headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key))
    return idempotencyScope(keyName, c.req.method, c.req.path.replace(/\/$/, ''), key)
  const message = 'should be 1 to 255 visible ASCII characters'
  throw new TrackerError('invalid_input', 'A header is not valid.', {
    fields: [{ field: 'Idempotency-Key', message }],
  })
}
