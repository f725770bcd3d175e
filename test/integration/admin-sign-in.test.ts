import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { readForms, readText } from '../support/html.ts'
import { startListening } from '../support/listening.ts'
import { openBrowser, signIn } from '../support/operator-browser.ts'
import { ADMIN_KEY, API_KEY, startTracker } from '../support/tracker.ts'

/** `to`: where the sign-in should redirect; it does so only if this is an admin page. */
const signInFields = (key: string, to?: string) => Object.entries({ key, ...(to !== undefined && { to }) })

test('a visitor without a session is redirected to the sign-in, and then to the requested page', async () => {
  const browser = openBrowser(await startTracker())
  const rejected = await browser.get('/admin/failures?status=expired&extension=remove-bg')
  expect(rejected.status).toBe(303)
  const page = await browser.get(rejected.location ?? '')
  expect(page.status).toBe(200)
  const signedIn = await browser.submit(page, '/admin/sign-in', signInFields(ADMIN_KEY))
  expect([signedIn.status, signedIn.location]).toEqual([
    303,
    '/admin/failures?status=expired&extension=remove-bg',
  ])
  expect((await browser.get(signedIn.location ?? '')).status).toBe(200)
})

test('a wrong key is rejected, and an API key gets its own message', async () => {
  const browser = openBrowser(await startTracker())
  const wrong = await browser.post('/admin/sign-in', signInFields('wrong-key-0123456789'))
  expect(wrong.status).toBe(401)
  expect(readText(wrong.html)).toMatch(/Unknown key.*For name:secret, enter only the secret/)
  const api = await browser.post('/admin/sign-in', signInFields(API_KEY))
  expect(api.status).toBe(403)
  expect(readText(api.html)).toContain('Use an admin key from TRACKER_ADMIN_KEY')
  expect(browser.cookie()).toBe('')
  for (const page of [wrong, api]) expect(page.html).not.toMatch(new RegExp(`wrong-key|${API_KEY}`))
})

test.each([
  'https://evil.example/',
  '//evil.example/admin',
  '/admin/../../evil',
  '/admin\\..\\..//evil.example',
  '/adminevil',
  'javascript:alert(1)',
  '/admin/sign-out',
  '/assets/x/status',
])('the sign-in redirects only to admin pages: not to %s', async (to) => {
  const tracker = await startTracker()
  const signedIn = await openBrowser(tracker).post('/admin/sign-in', signInFields(ADMIN_KEY, to))
  expect([signedIn.status, signedIn.location]).toEqual([303, '/admin'])
})

test('the session cookie is limited to the admin pages and not readable by scripts', async () => {
  const local = await startTracker()
  const signedIn = await openBrowser(local).post('/admin/sign-in', signInFields(ADMIN_KEY))
  const [cookie = ''] = signedIn.headers.getSetCookie()
  expect(cookie.split('; ').slice(1).toSorted()).toEqual([
    'HttpOnly',
    'Max-Age=43200',
    'Path=/admin',
    'SameSite=Lax',
  ])
})

test.each([
  ['https://tracker.example', true, false],
  ['https://localhost', true, false],
  ['http://tracker.example', true, true],
  ['http://localhost:3000', false, false],
])(
  'under %s the cookie is Secure: %s, and the sign-in page warns about http: %s',
  async (PUBLIC_URL, isSecure, isWarned) => {
    const TRACKER_TOKEN_SECRET = 'token-secret-0123456789'
    const tracker = await startTracker({ PUBLIC_URL, ALLOW_HTTP: 'true', TRACKER_TOKEN_SECRET })
    // PUBLIC_URL does not lead to this tracker.
    const url = await startListening(createServer(tracker.service.handler))
    const address = `${url}/admin/sign-in`
    const form = new URLSearchParams({ key: ADMIN_KEY })
    const signedIn = await fetch(address, { method: 'POST', body: form, redirect: 'manual' })
    expect(signedIn.status).toBe(303)
    expect(signedIn.headers.getSetCookie()[0]?.includes('; Secure')).toBe(isSecure)
    const page = await fetch(address)
    expect(readText(await page.text()).includes('is an http address')).toBe(isWarned)
  },
)

test('a session ends when its key or the token secret is changed or removed, and after twelve hours', async () => {
  let now = Date.now()
  const TRACKER_TOKEN_SECRET = 'token-secret-0123456789'
  const clock = () => now
  const keys = (text: string) => ({ TRACKER_ADMIN_KEY: text, TRACKER_TOKEN_SECRET })
  const first = await startTracker(keys(`ann:${ADMIN_KEY},bob:bobs-key-0123456789`), { clock })
  const ann = await signIn(first)
  const bob = await signIn(first, 'bobs-key-0123456789')
  /** The statuses of the pages for the sessions of ann and bob, at a tracker with this environment. */
  const statusesWith = async (env: object) => {
    const tracker = await startTracker({ ...keys(''), ...env }, { clock })
    const status = async (cookie: string) =>
      (await fetch(`${tracker.url}/admin`, { headers: { cookie }, redirect: 'manual' })).status
    return [await status(ann.cookie()), await status(bob.cookie())]
  }
  expect(await statusesWith(keys(`bob:bobs-key-0123456789,ann:${ADMIN_KEY}`))).toEqual([200, 200])
  expect(await statusesWith(keys(`ann:${ADMIN_KEY}`))).toEqual([200, 303])
  expect(await statusesWith(keys(`ann:${ADMIN_KEY},bob:bobs-new-key-0123456789`))).toEqual([200, 303])
  expect(await statusesWith(keys(`ann:bobs-key-0123456789,bob:${ADMIN_KEY}`))).toEqual([303, 303])
  const rotated = { TRACKER_TOKEN_SECRET: `another-secret-0123456789,${TRACKER_TOKEN_SECRET}` }
  expect(await statusesWith({ ...keys(`ann:${ADMIN_KEY}`), ...rotated })).toEqual([200, 303])
  const other = { TRACKER_TOKEN_SECRET: 'another-secret-0123456789' }
  expect(await statusesWith({ ...keys(`ann:${ADMIN_KEY}`), ...other })).toEqual([303, 303])
  now += 12 * 3_600_000 - 1
  expect((await ann.get('/admin')).status).toBe(200)
  now += 1
  expect((await ann.get('/admin')).status).toBe(303)
})

test('a forged session gives no access', async () => {
  const tracker = await startTracker()
  const browser = await signIn(tracker)
  const [name, proof = ''] = browser.cookie().split('=')
  const [mac, endsAt, nonce, keyName] = proof.split('.')
  const forged = [
    `${mac}.${Number(endsAt) + 1}.${nonce}.${keyName}`,
    `${mac}.${endsAt}.${nonce}.local`,
    `${'A'.repeat(43)}.${endsAt}.${nonce}.${keyName}`,
    `.${endsAt}.${nonce}.${keyName}`,
    '',
    'x',
  ]
  for (const text of forged) {
    const headers = { cookie: `${name}=${text}` }
    expect((await fetch(`${tracker.url}/admin`, { headers, redirect: 'manual' })).status, text).toBe(303)
  }
})

test('signing out ends the session, and a key in a header gives no access to the pages', async () => {
  const tracker = await startTracker()
  const browser = await signIn(tracker)
  const out = await browser.submit(await browser.get('/admin'), '/admin/sign-out')
  expect([out.status, out.location]).toEqual([303, '/admin/sign-in'])
  expect(readText((await browser.get(out.location ?? '')).html)).toContain('You are signed out')
  expect((await browser.get('/admin')).status).toBe(303)
  const headers = { authorization: `Bearer ${ADMIN_KEY}` }
  expect((await tracker.fetch('/admin', { headers, redirect: 'manual' })).status).toBe(303)
})

test('a form without the CSRF token of its session is rejected, and nothing is done', async () => {
  const tracker = await startTracker()
  const [mine, other] = [await signIn(tracker), await signIn(tracker)]
  const token = (html: string) => readForms(html)[1]?.fields.find(([name]) => name === 'csrfToken')?.[1] ?? ''
  const otherToken = token((await other.get('/admin')).html)
  expect(otherToken).toMatch(/^[\w-]{43}$/)
  const posts = [
    '/admin/sign-out',
    '/admin/retries',
    '/admin/retries/preview',
    '/admin/acknowledgements',
    '/admin/acknowledgements/preview',
    '/admin/runs/x/retry',
    '/admin/runs/x/acknowledge',
    '/admin/assets/x/forget',
    '/admin/deliveries/x/replay',
  ]
  for (const path of posts) {
    for (const fields of [[], [['csrfToken', otherToken]], [['csrfToken', 'x']]] as [string, string][][]) {
      const response = await mine.post(path, [...fields, ['scope', 'all']])
      expect(response.status, path).toBe(403)
      expect(readText(response.html)).toContain('nothing was done')
    }
    const anonymous = await openBrowser(tracker).post(path, [])
    expect([303, 401], path).toContain(anonymous.status)
    expect(anonymous.html + anonymous.location, path).toContain('/admin/sign-in')
  }
  expect((await mine.get('/admin')).status).toBe(200)
  expect(readText((await mine.get('/admin/audit')).html)).toContain('No actions yet')
})

// Our pages have the policy `no-referrer`, so browsers send their forms with `Origin: null`.
test.each([
  ['another origin', { origin: 'https://evil.example' }, 403],
  ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
  ['a page of another subdomain', { 'sec-fetch-site': 'same-site' }, 403],
  ['a sandboxed frame of another site', { origin: 'null', 'sec-fetch-site': 'cross-site' }, 403],
  ['an origin that is not a URL', { origin: 'evil' }, 403],
  ['the sign-in page', { origin: 'null', 'sec-fetch-site': 'same-origin' }, 303],
  ['the sign-in page in a browser without Sec-Fetch-Site', { origin: 'null' }, 303],
  ['a client that sends neither header', {}, 303],
] as [sender: string, headers: Record<string, string>, status: number][])(
  'a sign-in form is accepted unless its headers name a sender other than our own pages: %s',
  async (_, headers, status) => {
    const browser = openBrowser(await startTracker())
    expect((await browser.post('/admin/sign-in', signInFields(ADMIN_KEY), headers)).status).toBe(status)
    expect(browser.cookie() === '').toBe(status === 403)
  },
)

test('behind a proxy that terminates TLS, the origin of a sign-in form has another scheme and is accepted', async () => {
  const tracker = await startTracker()
  const headers = { origin: tracker.url.replace('http:', 'https:') }
  const signedIn = await openBrowser(tracker).post('/admin/sign-in', signInFields(ADMIN_KEY), headers)
  expect(signedIn.status).toBe(303)
})

test('without configured keys no sign-in is required, the page says so, and forms still need their CSRF token', async () => {
  const tracker = await startTracker({ TRACKER_API_KEY: '', TRACKER_ADMIN_KEY: '' })
  const browser = openBrowser(tracker)
  const page = await browser.get('/admin')
  expect(page.status).toBe(200)
  expect(page.html).toContain('No keys are set')
  expect((await browser.get('/admin/sign-in')).location).toBe('/admin')
  expect((await browser.post('/admin/acknowledgements', [['scope', 'all']])).status).toBe(403)
  const own = { origin: 'null', 'sec-fetch-site': 'same-origin' }
  const rejected = await browser.post('/admin/acknowledgements', [['scope', 'all']], own)
  expect(readText(rejected.html)).toContain('not sent by a page of your session')
  const foreign = { origin: 'null', 'sec-fetch-site': 'cross-site' }
  expect((await browser.post('/admin/acknowledgements', [['scope', 'all']], foreign)).status).toBe(403)
})

test('with only an API key configured nobody can sign in, and the page says what to do', async () => {
  const tracker = await startTracker({ TRACKER_ADMIN_KEY: '' })
  const browser = openBrowser(tracker)
  expect((await browser.get('/admin')).status).toBe(303)
  expect(readText((await browser.get('/admin/sign-in')).html)).toContain('No admin key is configured')
  expect((await browser.post('/admin/sign-in', signInFields(API_KEY))).status).toBe(403)
})

test('signing out ends the session on the server: a copy of its cookie gives no access, even after a restart', async () => {
  const TRACKER_TOKEN_SECRET = 'token-secret-0123456789'
  const tracker = await startTracker({ TRACKER_TOKEN_SECRET })
  const mine = await signIn(tracker)
  const other = await signIn(tracker)
  const copy = mine.cookie()
  const withCookie = (server: { url: string }, cookie: string) =>
    fetch(`${server.url}/admin/audit`, { headers: { cookie }, redirect: 'manual' })
  expect((await withCookie(tracker, copy)).status).toBe(200)
  const page = await mine.get('/admin/audit')
  expect((await mine.submit(page, '/admin/sign-out')).status).toBe(303)
  const denied = await withCookie(tracker, copy)
  expect(denied.status).toBe(303)
  expect(denied.headers.get('location')).toContain('/admin/sign-in')
  expect((await other.get('/admin/audit')).status).toBe(200)

  const restarted = await tracker.restart()
  expect((await withCookie(restarted, copy)).status).toBe(303)
  expect((await withCookie(restarted, other.cookie())).status).toBe(200)
})
