import { expect } from 'vitest'
import { readForms } from './html.ts'
import { ADMIN_KEY, type RunningTracker } from './tracker.ts'

export type Page = { status: number; headers: Headers; html: string; location: string | null }

/** Someone with a browser that runs no script: it keeps cookies and sends forms as they stand on a page. */
export type OperatorBrowser = {
  get(path: string): Promise<Page>
  post(path: string, fields: [string, string][], headers?: Record<string, string>): Promise<Page>
  /** Sends the form of a page with this action, with some fields filled in. */
  submit(page: Page, action: string, fields?: [string, string][]): Promise<Page>
  cookie(): string
  /** As a browser does once its session's time is over. */
  dropCookies(): void
}

export function openBrowser(tracker: { url: string }): OperatorBrowser {
  const cookies = new Map<string, string>()
  const cookie = () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const ask = async (path: string, init: RequestInit): Promise<Page> => {
    const headers = new Headers(init.headers)
    if (cookies.size > 0) headers.set('cookie', cookie())
    const answer = await fetch(tracker.url + path, { ...init, headers, redirect: 'manual' })
    for (const given of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(given) ?? []
      if (given.includes('Max-Age=0')) cookies.delete(name)
      else cookies.set(name, value)
    }
    const location = answer.headers.get('location')
    return { status: answer.status, headers: answer.headers, html: await answer.text(), location }
  }
  const post: OperatorBrowser['post'] = (path, fields, headers = {}) =>
    ask(path, { method: 'POST', body: new URLSearchParams(fields), headers })
  return {
    get: (path) => ask(path, {}),
    post,
    submit(page, action, fields = []) {
      const form = readForms(page.html).find((one) => one.action === action && one.method === 'post')
      if (form === undefined) throw new Error(`no form goes to ${action}`)
      return post(action, [...form.fields, ...fields])
    },
    cookie,
    dropCookies: () => cookies.clear(),
  }
}

export async function signIn(tracker: RunningTracker, key = ADMIN_KEY): Promise<OperatorBrowser> {
  const browser = openBrowser(tracker)
  const answer = await browser.post('/admin/sign-in', [['key', key]])
  expect(answer.status).toBe(303)
  return browser
}
