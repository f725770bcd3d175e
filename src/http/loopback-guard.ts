import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { MiddlewareHandler } from 'hono'
import { TrackerError } from '../domain/errors.ts'
import { isLoopbackHost } from '../domain/loopback.ts'
import type { AppEnv } from './app-env.ts'

/**
 * Where some key is missing, only this machine may ask: a `Host` that is not loopback is a name that someone pointed here
 * (DNS rebinding), a foreign `Origin` or a `Sec-Fetch-Site` that is not ours is another site's page, and the header of a proxy
 * means that one stands in front. Why a request is from elsewhere; undefined for one of this machine.
 */
export function foreignSign({ headers }: IncomingMessage): string | undefined {
  const host = loopbackUrl(`http://${headers.host ?? ''}`)?.host
  if (host === undefined) return 'The Host header is not a loopback address.'
  // Another port of this machine is another site: a page of any program could otherwise write here.
  if (headers.origin !== undefined && loopbackUrl(headers.origin)?.host !== host && !isOwnForm(headers))
    return 'The Origin header is foreign.'
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return "Another site's page sent the request (Sec-Fetch-Site)."
  const proxyHeader = Object.keys(headers).find((name) => PROXY_HEADER.test(name))
  return proxyHeader && `The request came through a proxy (${proxyHeader}).`
}

/** What proxies, load balancers, content delivery networks and tunnels add. */
const PROXY_HEADER =
  /^(forwarded|via|x-forwarded(-.+)?|x-original-.+|x-real-ip|(x-|true-|x-cluster-|fastly-|fly-|x-azure-|(wl-)?proxy-)client-?ip|cf-.+|cdn-loop|x-envoy-.+|x-appengine-.+)$/

export const loopbackGuard: MiddlewareHandler<AppEnv> = async (c, next) => {
  const sign = foreignSign(c.env.incoming)
  if (sign !== undefined) throw new TrackerError('forbidden', `${sign} ${REMEDY}`)
  await next()
}

const REMEDY =
  'By default only local requests are accepted. To open the service, set TRACKER_API_KEY and TRACKER_ADMIN_KEY.'

/**
 * A page that tells no referrer sends its forms with `Origin: null`. Only the browser writes `Sec-Fetch-Site`, and of a
 * sandboxed page it says `cross-site`. https://fetch.spec.whatwg.org/#append-a-request-origin-header
 */
function isOwnForm(headers: IncomingHttpHeaders): boolean {
  return headers.origin === 'null' && headers['sec-fetch-site'] === 'same-origin'
}

function loopbackUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url && isLoopbackHost(url.hostname) ? url : undefined
}
