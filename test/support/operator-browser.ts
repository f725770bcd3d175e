import { expect } from 'vitest'
import { readForms } from './html.ts'
import { ADMIN_KEY, type RunningTracker } from './tracker.ts'

export type Page = { status: number; headers: Headers; html: string; location: string | null }

/** A browser without scripts: it stores cookies and submits the forms of a page. */
export type OperatorBrowser = {
  get(path: string): Promise<Page>
  post(path: string, fields: [string, string][], headers?: Record<string, string>): Promise<Page>
  /** Submits the POST form with this action: its hidden fields, then `fields`. */
  submit(page: Page, action: string, fields?: [string, string][]): Promise<Page>
  /** The value of its `Cookie` header; empty without cookies. */
  cookie(): string
  /** Deletes all cookies, as a browser does when they expire. */
  dropCookies(): void
}

export function openBrowser(tracker: { url: string }): OperatorBrowser {
  const cookies = new Map<string, string>()
  const cookie = () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const request = async (path: string, init: RequestInit): Promise<Page> => {
    const headers = new Headers(init.headers)
    if (cookies.size > 0) headers.set('cookie', cookie())
    const response = await fetch(tracker.url + path, { ...init, headers, redirect: 'manual' })
    for (const setCookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(setCookie) ?? []
      if (setCookie.includes('Max-Age=0')) cookies.delete(name)
      else cookies.set(name, value)
    }
    const location = response.headers.get('location')
    return { status: response.status, headers: response.headers, html: await response.text(), location }
  }
  const post: OperatorBrowser['post'] = (path, fields, headers = {}) =>
    request(path, { method: 'POST', body: new URLSearchParams(fields), headers })
  return {
    get: (path) => request(path, {}),
    post,
    submit(page, action, fields = []) {
      const form = readForms(page.html).find((one) => one.action === action && one.method === 'post')
      if (form === undefined) throw new Error(`the page has no POST form with the action ${action}`)
      return post(action, [...form.fields, ...fields])
    },
    cookie,
    dropCookies: () => cookies.clear(),
  }
}

export async function signIn(tracker: RunningTracker, key = ADMIN_KEY): Promise<OperatorBrowser> {
  const browser = openBrowser(tracker)
  const page = await browser.post('/admin/sign-in', [['key', key]])
  expect(page.status).toBe(303)
  return browser
}
