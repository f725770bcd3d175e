import { html } from 'hono/html'
import type { JSX } from 'hono/jsx/jsx-runtime'
import { HtmlEscapedCallbackPhase, resolveCallback } from 'hono/utils/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { AppContext } from '../http/request.ts'
import { setNotice } from './notices.ts'

export async function respondWithPage(
  c: AppContext,
  page: JSX.Element,
  status: ContentfulStatusCode = 200,
): Promise<Response> {
  const text = await resolveCallback(
    html`<!doctype html>${page}`,
    HtmlEscapedCallbackPhase.Stringify,
    false,
    {},
  )
  return c.html(withBasePath(text, c.get('basePath')), status)
}

/**
 * Adds the base path to every address on a page. Done here, once, so that a link can't be forgotten. In texts and values a quote is
 * escaped, so only attributes match.
 */
function withBasePath(text: string, basePath: string): string {
  return basePath === '' ? text : text.replace(ADDRESS, (_, start: string) => `${start}${basePath}/`)
}

const ADDRESS = /( (?:href|src|action|formaction|data-events)=")\/(?!\/)/g

/** Redirects the browser to another page of ours, which it requests with GET. The page shows the notice with this name. */
export function seeOther(c: AppContext, href: string, notice?: string): Response {
  if (notice !== undefined) setNotice(c, notice)
  return c.redirect(c.get('basePath') + href, 303)
}
