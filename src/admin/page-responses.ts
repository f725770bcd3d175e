import { html } from 'hono/html'
import type { JSX } from 'hono/jsx/jsx-runtime'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { AppContext } from '../http/request.ts'
import { setNotice } from './notices.ts'

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ')

/** Sets the headers of every page, including error pages. Call it before the response is created. */
export function setPageHeaders(c: AppContext): void {
  c.header('Content-Security-Policy', CONTENT_SECURITY_POLICY)
  c.header('Referrer-Policy', 'no-referrer')
  c.header('X-Content-Type-Options', 'nosniff')
  c.header('Cache-Control', 'no-store')
}

export function respondWithPage(
  c: AppContext,
  page: JSX.Element,
  status: ContentfulStatusCode = 200,
): Response | Promise<Response> {
  return c.html(html`<!doctype html>${page}`, status)
}

/** After a form was accepted, redirects the browser to the page that shows the result. */
export function seeOther(c: AppContext, href: string, notice?: string): Response {
  if (notice !== undefined) setNotice(c, notice)
  return c.redirect(href, 303)
}
