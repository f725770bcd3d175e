import type { Context, MiddlewareHandler } from 'hono'
import { csrf } from 'hono/csrf'
import { secureHeaders } from 'hono/secure-headers'
import type { AppEnv } from '../http/request.ts'

const setSecureHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
  },
  referrerPolicy: 'no-referrer',
  xFrameOptions: 'DENY',
  // Left to the proxy that terminates TLS: this header applies to all services of the host and its subdomains.
  strictTransportSecurity: false,
})

/** Sets the headers of every page, including error pages. */
export const setPageHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  c.header('Cache-Control', 'no-store')
  // Set before the handler runs, because an event stream is sent with the headers that are already set.
  await setSecureHeaders(c, async () => {})
  await next()
}

const checkOrigin = csrf({ secFetchSite: ['same-origin', 'none'], origin: isOwnOrigin })

/**
 * Rejects forms that other sites send, also without a session: otherwise another site could sign a visitor in. Forms of a
 * session need its CSRF token as well, because old browsers send no `Sec-Fetch-Site`, and because a form must not be applied
 * in the name of the operator who signed in after it was opened.
 */
export const rejectOtherSites: MiddlewareHandler<AppEnv> = async (c, next) => {
  // Every current browser sends one of these with a form. A client that sends neither is no browser, so no site can misuse it.
  const isBrowser = c.req.header('sec-fetch-site') !== undefined || c.req.header('origin') !== undefined
  return isBrowser ? checkOrigin(c, next) : next()
}

/**
 * Decides for browsers without `Sec-Fetch-Site`. Compares hosts only, because the scheme differs behind a proxy that terminates
 * TLS. Accepts `Origin: null`, which browsers send with the forms of our own pages because of their `no-referrer` policy.
 */
function isOwnOrigin(origin: string, c: Context): boolean {
  if (c.req.header('sec-fetch-site') !== undefined) return false
  return origin === 'null' || (URL.canParse(origin) && new URL(origin).host === c.req.header('host'))
}
