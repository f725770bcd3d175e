import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { AppContext } from '../http/request.ts'
import { cookiePath } from './addresses.ts'

/** Messages that report the result of a form, on the page that is shown next. */
const NOTICES: { [name: string]: string } = {
  acknowledged: 'Acknowledged and removed from open failures.',
  unacknowledged: 'Acknowledgement revoked. A failed run is an open failure again.',
  'nothing-acknowledged': 'Nothing was acknowledged. Pending runs cannot be acknowledged.',
  'nothing-selected': 'Nothing was selected. Select at least one run.',
  applied: 'The delivery was applied.',
  duplicate: 'The delivery repeats what is already recorded. The status has not changed.',
  contradicted: 'The delivery contradicts the final status. It is stored, and the status stays.',
  ignored: 'The delivery was stored and changed nothing.',
  forgotten: 'The asset is forgotten. The contents of later webhooks about it are not stored.',
  retried: 'Retry sent to ImageKit. This is the new run. It settles when its webhook arrives.',
  'signed-out': 'You are signed out.',
}

/** Notices are passed in a cookie, not in the URL, so that reloading or sharing a page does not repeat them. */
const COOKIE = 'tracker_notice'
const MAX_AGE_SECONDS = 60

/** Sets the notice for the page that the browser is redirected to. */
export function setNotice(c: AppContext, name: string): void {
  setCookie(c, COOKIE, name, {
    path: cookiePath(c),
    httpOnly: true,
    sameSite: 'Lax',
    maxAge: MAX_AGE_SECONDS,
  })
}

/** Returns the notice for this page and removes it. */
export function takeNotice(c: AppContext): string | undefined {
  const name = getCookie(c, COOKIE)
  if (name === undefined) return undefined
  deleteCookie(c, COOKIE, { path: cookiePath(c) })
  return Object.hasOwn(NOTICES, name) ? NOTICES[name] : undefined
}
