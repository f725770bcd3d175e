import type { IncomingHttpHeaders } from 'node:http'
import type { MiddlewareHandler } from 'hono'
import { TrackerError } from '../domain/errors.ts'
import { isLoopbackHost } from '../domain/loopback.ts'
import type { AppEnv } from './app-env.ts'

/**
 * Where some key is missing, only this machine may ask: a `Host` that is not loopback is a name that someone pointed here
 * (DNS rebinding), a foreign `Origin` is another site's page, and a forwarding header means that a proxy stands in front.
 */
export const loopbackGuard: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { headers } = c.env.incoming
  const refuse = (reason: string) => new TrackerError('forbidden', `${reason} ${REMEDY}`)
  if (!isLoopbackUrl(`http://${headers.host ?? ''}`))
    throw refuse('The Host header is not a loopback address.')
  if (headers.origin !== undefined && !isLoopbackUrl(headers.origin) && !isOwnForm(headers))
    throw refuse('The Origin header is foreign.')
  const forwarding = Object.keys(headers).find(
    (name) => name === 'forwarded' || name.startsWith('x-forwarded-'),
  )
  if (forwarding !== undefined) throw refuse(`The request came through a proxy (${forwarding}).`)
  await next()
}

const REMEDY =
  'Without TRACKER_API_KEY and TRACKER_ADMIN_KEY the service answers this machine alone; set both to open it.'

/**
 * A page that tells no referrer sends its forms with `Origin: null`. Only the browser writes `Sec-Fetch-Site`, and of a
 * sandboxed page it says `cross-site`. https://fetch.spec.whatwg.org/#append-a-request-origin-header
 */
function isOwnForm(headers: IncomingHttpHeaders): boolean {
  return headers.origin === 'null' && headers['sec-fetch-site'] === 'same-origin'
}

function isLoopbackUrl(text: string): boolean {
  return URL.canParse(text) && isLoopbackHost(new URL(text).hostname)
}
