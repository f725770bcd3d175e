import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { MiddlewareHandler } from 'hono'
import { TrackerError } from '../domain/errors.ts'
import { isLoopbackHost } from '../domain/host-address.ts'
import type { AppEnv } from './request.ts'

/**
 * Returns why a request is not local; undefined if it is. Unless both an API key and an admin key are configured, only local
 * requests are accepted. A `Host` that is not loopback may be a name that someone pointed here (DNS rebinding). A foreign `Origin`
 * or `Sec-Fetch-Site` means that a page of another site sent the request. A proxy's header means that a proxy forwarded it.
 */
export function nonLocalReason({ headers }: IncomingMessage): string | undefined {
  const host = loopbackUrl(`http://${headers.host ?? ''}`)?.host
  if (host === undefined) return 'The Host header is not a loopback address.'
  // Another port of this machine counts as another site: otherwise any local program's page could write here.
  if (headers.origin !== undefined && loopbackUrl(headers.origin)?.host !== host && !isOwnForm(headers))
    return 'The Origin header is not that of this service.'
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return "Another site's page sent the request (Sec-Fetch-Site)."
  const proxyHeader = Object.keys(headers).find((name) => PROXY_HEADER.test(name))
  return proxyHeader && `The request came through a proxy (${proxyHeader}).`
}

/** Headers that proxies, load balancers, content delivery networks and tunnels add. */
const PROXY_HEADER =
  /^(forwarded|via|x-forwarded(-.+)?|x-original-.+|x-real-ip|(x-|true-|x-cluster-|fastly-|fly-|x-azure-|(wl-)?proxy-)client-?ip|cf-.+|cdn-loop|x-envoy-.+|x-appengine-.+)$/

export const localOnly: MiddlewareHandler<AppEnv> = async (c, next) => {
  const reason = nonLocalReason(c.env.incoming)
  if (reason !== undefined) throw new TrackerError('forbidden', `${reason} ${REMEDY}`)
  await next()
}

/**
 * Returns why a caller with this address is not local; undefined if it is. The service's own server needs no such check: without keys
 * it listens on a loopback address.
 */
export function remoteReason(address: string | undefined): string | undefined {
  if (address !== undefined && isLoopbackHost(address)) return undefined
  const caller =
    address === undefined ? "The caller's address is not known." : 'The caller is not on this machine.'
  return `${caller} ${REMEDY}`
}

const REMEDY =
  'By default only local requests are accepted. To open the service, set TRACKER_API_KEY and TRACKER_ADMIN_KEY.'

/**
 * With `Referrer-Policy: no-referrer`, a page sends its forms with `Origin: null`. Only the browser can set `Sec-Fetch-Site`, and
 * for a sandboxed page it sets `cross-site`. https://fetch.spec.whatwg.org/#append-a-request-origin-header
 */
function isOwnForm(headers: IncomingHttpHeaders): boolean {
  return headers.origin === 'null' && headers['sec-fetch-site'] === 'same-origin'
}

function loopbackUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url && isLoopbackHost(url.hostname) ? url : undefined
}
