import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { AppContext } from '../http/app-env.ts'

/** What a page says of the form that led to it. */
const NOTICES: { [word: string]: string } = {
  acknowledged: 'Acknowledged and removed from open failures.',
  'nothing-selected': 'Nothing was selected: tick at least one run, or choose “all that match”.',
  applied: 'The delivery was applied.',
  duplicate: 'The delivery says what is known already: nothing has changed.',
  contradicted: 'The delivery says the opposite of the final status: it is kept, and the status stays.',
  ignored: 'The delivery was kept, and has changed nothing.',
  forgotten: 'The asset is forgotten. What still comes for it will not be kept.',
  retried: 'ImageKit was asked to run it again. This is the new run: it settles when its webhook comes.',
  'signed-out': 'You are signed out.',
}

/** A cookie, not a part of the address: a page that is reloaded or shared does not repeat it. */
const COOKIE = 'tracker_notice'
const PATH = '/admin'
const MAX_AGE_SECONDS = 60

/** For the page that the browser is sent to. */
export function setNotice(c: AppContext, word: string): void {
  setCookie(c, COOKIE, word, { path: PATH, httpOnly: true, sameSite: 'Lax', maxAge: MAX_AGE_SECONDS })
}

/** The notice that this page has to show, once. */
export function takeNotice(c: AppContext): string | undefined {
  const word = getCookie(c, COOKIE)
  if (word === undefined) return undefined
  deleteCookie(c, COOKIE, { path: PATH })
  return Object.hasOwn(NOTICES, word) ? NOTICES[word] : undefined
}
