import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { MiddlewareHandler } from 'hono'
import { TrackerError } from '../domain/errors.ts'
import { isLoopbackHost } from '../domain/loopback.ts'
import type { AppEnv } from './app-env.ts'

/**
 * Where some key is missing, only this machine may ask: a `Host` that is not loopback is a name that someone pointed here
 * (DNS rebinding), a foreign `Origin` is another site's page, and a forwarding header means that a proxy stands in front.
 * Why a request is from elsewhere; undefined for one of this machine.
 */
export function foreignSign({ headers }: IncomingMessage): string | undefined {
  if (!isLoopbackUrl(`http://${headers.host ?? ''}`)) return 'The Host header is not a loopback address.'
  if (headers.origin !== undefined && !isLoopbackUrl(headers.origin) && !isOwnForm(headers))
    return 'The Origin header is foreign.'
  const forwarding = Object.keys(headers).find(
    (name) => name === 'forwarded' || name.startsWith('x-forwarded-'),
  )
  return forwarding && `The request came through a proxy (${forwarding}).`
}

export const loopbackGuard: MiddlewareHandler<AppEnv> = async (c, next) => {
  const sign = foreignSign(c.env.incoming)
  if (sign !== undefined) throw new TrackerError('forbidden', `${sign} ${REMEDY}`)
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
