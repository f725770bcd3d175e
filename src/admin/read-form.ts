import { TrackerError } from '../domain/errors.ts'
import { bodyChunks } from '../http/body-chunks.ts'
import { WHOLE_BODY_MS } from '../http/read-body.ts'
import type { AppContext } from '../http/request.ts'
import { formLabel } from './addresses.ts'
import type { Operator, OperatorSession } from './operator-session.ts'

/** The limit for a form that was sent with a session. */
const MAX_FORM_BYTES = 256 * 1024

/** The form field with the CSRF token. */
export const CSRF_FIELD = 'csrfToken'

/** The limit for a form that was sent without a session, usually because the session had ended. A thousand selected runs fit. */
const MAX_INTERRUPTED_FORM_BYTES = 64 * 1024

/** The limit for a sign-in form: a key, a path, and possibly an interrupted form, which is URL-encoded twice. */
export const MAX_ANONYMOUS_FORM_BYTES = 128 * 1024

/** A form that was not processed, usually because its session has ended. `target` is the path to which the form was sent. */
export type InterruptedForm = { target: string; fields: URLSearchParams }

/** A form whose CSRF token is not that of the operator's session, usually because it is from an earlier session. */
export class StaleFormError extends TrackerError {
  readonly operator: Operator
  /** Undefined if the form can't be sent again. */
  readonly interrupted: InterruptedForm | undefined

  constructor(operator: Operator, interrupted: InterruptedForm | undefined) {
    super('forbidden', 'This form was not sent by a page of your session, so nothing was done.')
    this.operator = operator
    this.interrupted = interrupted
  }
}

const FORM_TYPE = 'application/x-www-form-urlencoded'

/** Reads a URL-encoded form. Throws `unsupported_media_type`, `payload_too_large`, `request_timeout` or `client_closed`. */
export async function readForm(c: AppContext, maxBytes: number): Promise<URLSearchParams> {
  const [type = ''] = (c.env.incoming.headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() !== FORM_TYPE)
    throw new TrackerError('unsupported_media_type', `Send the form as ${FORM_TYPE}.`)
  const limits = { maxBytes, idleMs: WHOLE_BODY_MS, totalMs: WHOLE_BODY_MS }
  const chunks: Buffer[] = []
  for await (const chunk of bodyChunks(c.env.incoming, limits)) chunks.push(chunk)
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}

/**
 * Reads a form and checks its CSRF token. Throws `StaleFormError` if the token is not that of the session, and the errors of
 * `operatorSession.require` and `readForm`.
 */
export async function readCsrfForm(
  c: AppContext,
  operatorSession: OperatorSession,
): Promise<{ operator: Operator; form: URLSearchParams }> {
  const operator = await operatorSession.require(c)
  const form = await readForm(c, MAX_FORM_BYTES)
  if (operatorSession.hasCsrfToken(c, form.get(CSRF_FIELD) ?? '')) return { operator, form }
  throw new StaleFormError(operator, interruptedForm(c, form))
}

/** Reads a form that was sent without a session, so that it can be sent again after the sign-in. Undefined if that is not possible. */
export async function readInterruptedForm(c: AppContext): Promise<InterruptedForm | undefined> {
  // Checked before the body is read, because anyone can send this request.
  if (interruptedForm(c, new URLSearchParams()) === undefined) return undefined
  try {
    return interruptedForm(c, await readForm(c, MAX_INTERRUPTED_FORM_BYTES))
  } catch (error) {
    if (error instanceof TrackerError) return undefined
    throw error
  }
}

/** Undefined if the path has no form that can be sent again after a sign-in. */
function interruptedForm(c: AppContext, fields: URLSearchParams): InterruptedForm | undefined {
  const target = new URL(c.req.url).pathname
  if (formLabel(target) === undefined) return undefined
  fields.delete(CSRF_FIELD)
  return { target, fields }
}

/** Reads an optional note or reason; null if it is empty. Throws `invalid_input` if it is too long. */
export function readNote(form: URLSearchParams, field: string): string | null {
  const text = (form.get(field) ?? '').trim()
  const problem = { field, message: 'must have at most 2000 characters' }
  if (text.length > 2000)
    throw new TrackerError('invalid_input', 'The form is invalid.', { fields: [problem] })
  return text === '' ? null : text
}
