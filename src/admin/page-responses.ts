import { html } from 'hono/html'
import type { JSX } from 'hono/jsx/jsx-runtime'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { AppContext } from '../http/request.ts'
import { setNotice } from './notices.ts'

export function respondWithPage(
  c: AppContext,
  page: JSX.Element,
  status: ContentfulStatusCode = 200,
): Response | Promise<Response> {
  return c.html(html`<!doctype html>${page}`, status)
}

/** Redirects the browser to another page, which it requests with GET. The page shows the notice with this name. */
export function seeOther(c: AppContext, href: string, notice?: string): Response {
  if (notice !== undefined) setNotice(c, notice)
  return c.redirect(href, 303)
}
