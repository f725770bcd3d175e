import type { AppContext } from '../http/request.ts'

/**
 * The paths of the pages and of the forms on them, without the base path, which `respondWithPage` and `seeOther` add. `ADMIN` is the
 * overview.
 */
export const ADMIN = '/admin'
export const SIGN_IN = '/admin/sign-in'
export const SIGN_OUT = '/admin/sign-out'
export const FAILURES = '/admin/failures'
export const DELIVERIES = '/admin/deliveries'
export const AUDIT = '/admin/audit'
export const RETRIES = '/admin/retries'
export const ACKNOWLEDGEMENTS = '/admin/acknowledgements'

/** The path of the cookies of the pages. */
export function cookiePath(c: AppContext): string {
  return c.get('basePath') + ADMIN
}

export function runHref(runId: string): string {
  return `/admin/runs/${encodeURIComponent(runId)}`
}

export function assetHref(fileId: string): string {
  return `/admin/assets/${encodeURIComponent(fileId)}`
}

export function deliveryHref(deliveryId: string): string {
  return `/admin/deliveries/${encodeURIComponent(deliveryId)}`
}

export function retryHref(retryId: string): string {
  return `/admin/retries/${encodeURIComponent(retryId)}`
}

/** A path with a query string. Empty fields are omitted. */
export function withQuery(path: string, fields: { [name: string]: string | null | undefined }): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) if (value) query.set(name, value)
  return query.size === 0 ? path : `${path}?${query.toString()}`
}

/** The paths whose forms can be sent again after a sign-in, each with the label of the button that sends the form again. */
const FORM_LABELS: readonly (readonly [RegExp, string])[] = [
  [/^\/admin\/(retries|acknowledgements)\/preview$/, 'Continue'],
  [/^\/admin\/(retries|runs\/[^/]+\/retry)$/, 'Retry'],
  [/^\/admin\/(acknowledgements|runs\/[^/]+\/acknowledge)$/, 'Acknowledge'],
  [/^\/admin\/runs\/[^/]+\/unacknowledge$/, 'Revoke acknowledgement'],
  [/^\/admin\/deliveries\/[^/]+\/replay$/, 'Replay'],
  [/^\/admin\/assets\/[^/]+\/forget$/, 'Forget asset'],
]

/** The label of the button that sends a form again. Undefined for a path without such a form, such as signing in or out. */
export function formLabel(path: string): string | undefined {
  return FORM_LABELS.find(([pattern]) => pattern.test(path))?.[1]
}

/**
 * Where to redirect after the sign-in: to the requested path if it is below `/admin` and not for signing in or out, else to the
 * overview.
 */
export function safeTarget(text: string | undefined): string {
  if (text === undefined || !URL.canParse(text, 'http://here.invalid')) return ADMIN
  // A path is resolved against this host. The URL of another site has another origin.
  const { origin, pathname, search } = new URL(text, 'http://here.invalid')
  const isOurs = origin === 'http://here.invalid' && (pathname === ADMIN || pathname.startsWith(`${ADMIN}/`))
  return isOurs && !pathname.startsWith('/admin/sign-') ? pathname + search : ADMIN
}
