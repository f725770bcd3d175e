import { TrackerError } from '../domain/errors.ts'
import type { AppContext } from '../http/app-env.ts'
import { bodyChunks } from '../http/body-chunks.ts'
import { WHOLE_BODY_MS } from '../http/read-body.ts'
import { formLabel } from './addresses.ts'
import type { Operator, OperatorDoor } from './operator-door.ts'

const MAX_FORM_BYTES = 256 * 1024
const FORM_TYPE = 'application/x-www-form-urlencoded'

/** The field by which a form proves that a page of ours has sent it. */
export const FORM_TOKEN = 'formToken'

/** What somebody may send who has no session: the form of a page whose session is over, with a thousand ticked runs. */
const MAX_INTERRUPTED_FORM_BYTES = 64 * 1024

/** What a sign-in may send: a key, an address, and such a form encoded once more. */
export const MAX_ANONYMOUS_FORM_BYTES = 128 * 1024

/** A form as a browser sends it. Throws `unsupported_media_type`, and what `bodyChunks` throws. */
export async function readForm(c: AppContext, maxBytes: number): Promise<URLSearchParams> {
  const [type = ''] = (c.env.incoming.headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() !== FORM_TYPE)
    throw new TrackerError('unsupported_media_type', `A form should come as ${FORM_TYPE}.`)
  const limits = { maxBytes, idleMs: WHOLE_BODY_MS, totalMs: WHOLE_BODY_MS }
  const chunks: Buffer[] = []
  for await (const chunk of bodyChunks(c.env.incoming, limits)) chunks.push(chunk)
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}

/** A form that was not accepted because its session is over. Nothing of it was done. */
export type InterruptedForm = { target: string; fields: URLSearchParams }

/** A form of an earlier session, sent by an operator who has a new one. */
export class StaleFormError extends TrackerError {
  readonly operator: Operator
  readonly interrupted: InterruptedForm | undefined

  constructor(operator: Operator, interrupted: InterruptedForm | undefined) {
    super('forbidden', 'This form was not sent by a page of your session, so nothing was done.')
    this.operator = operator
    this.interrupted = interrupted
  }
}

/** The form of an operator who is signed in. Throws `unauthenticated`, and `StaleFormError` where no page of theirs has sent it. */
export async function readOwnForm(
  c: AppContext,
  door: OperatorDoor,
): Promise<{ operator: Operator; form: URLSearchParams }> {
  const operator = await door.admit(c)
  const form = await readForm(c, MAX_FORM_BYTES)
  if (door.isOwnForm(c, form.get(FORM_TOKEN) ?? '')) return { operator, form }
  throw new StaleFormError(operator, interruptedForm(c, form))
}

/** The form that somebody without a session has sent, to be sent again once they are signed in. */
export async function readInterruptedForm(c: AppContext): Promise<InterruptedForm | undefined> {
  if (interruptedForm(c, new URLSearchParams()) === undefined) return undefined
  try {
    return interruptedForm(c, await readForm(c, MAX_INTERRUPTED_FORM_BYTES))
  } catch (error) {
    if (error instanceof TrackerError) return undefined
    throw error
  }
}

/** Undefined for what another site has sent, and for an address that is no form's. */
function interruptedForm(c: AppContext, fields: URLSearchParams): InterruptedForm | undefined {
  const target = new URL(c.req.url).pathname
  if (isForeign(c) || formLabel(target) === undefined) return undefined
  fields.delete(FORM_TOKEN)
  return { target, fields }
}

/** Whether another site's page has sent this. A page of ours tells no referrer, and then its `Origin` may be `null`. */
export function isForeign(c: AppContext): boolean {
  const { origin, host, 'sec-fetch-site': site } = c.env.incoming.headers
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  if (origin === undefined || origin === 'null') return false
  return !URL.canParse(origin) || new URL(origin).host !== host
}

/** A text that an operator may leave out. Throws `invalid_input` for one that is too long. */
export function readNote(form: URLSearchParams, field: string): string | null {
  const text = (form.get(field) ?? '').trim()
  const problem = { field, message: 'must have at most 2000 characters' }
  if (text.length > 2000)
    throw new TrackerError('invalid_input', 'The form is not valid.', { fields: [problem] })
  return text === '' ? null : text
}
