import { pino } from 'pino'
import { expect, test } from 'vitest'
import { checksOf } from '../support/operator.ts'
import { startReceiver } from '../support/receiver.ts'
import { type RunningTracker, startTracker, startTrackerAndSandbox } from '../support/tracker.ts'
import { FILE, FILE_NAME, upload } from '../support/uploads.ts'
import { FILE_ID } from '../support/webhooks.ts'
import { WITHOUT_RECONCILER } from './reconcile-setup.ts'

type Send = (tracker: RunningTracker, webhookUrl: string) => Promise<Response>

const sendJson = (tracker: RunningTracker, method: string, path: string, body: object) =>
  tracker.fetch(path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

/**
 * The requests that can contain a caller's webhookUrl. The sandbox does not have the file that is updated, so an update that the
 * tracker accepts gets 404 from the sandbox. One that the tracker rejects gets 400.
 */
const ROUTES: [string, Send][] = [
  ['an upload', (tracker, webhookUrl) => upload(tracker, [FILE, FILE_NAME, ['webhookUrl', webhookUrl]])],
  [
    'an update',
    (tracker, webhookUrl) =>
      sendJson(tracker, 'PATCH', `/v1/files/${FILE_ID}/details`, { tags: ['a'], webhookUrl }),
  ],
  [
    'a registration',
    (tracker, webhookUrl) =>
      sendJson(tracker, 'POST', '/submissions', { extensions: [{ name: 'remove-bg' }], webhookUrl }),
  ],
]

const PRIVATE_URLS = [
  'http://localhost/hook',
  'https://LOCALHOST.:8443/hook',
  'https://hooks.localhost/',
  'http://127.0.0.1/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://10.1.2.3/',
  'http://169.254.169.254/latest/meta-data',
  'http://192.168.0.1:9200/',
  'http://[::1]/',
  'http://[::ffff:10.0.0.1]/',
  'http://[fd00::1]/',
  'http://0.0.0.0/',
]

test.for(ROUTES)(
  '%s is rejected if its webhookUrl is private, contains credentials, or is not an http URL',
  async ([, send]) => {
    const { tracker, sandbox } = await startTrackerAndSandbox()
    const messageOf = async (webhookUrl: string) => {
      const response = await send(tracker, webhookUrl)
      expect(response.status, webhookUrl).toBe(400)
      return response.text()
    }
    for (const url of PRIVATE_URLS) expect(await messageOf(url), url).toContain('ALLOW_PRIVATE_TARGETS=true')
    for (const url of [
      'https://me:secret@example.com/',
      'https://me@example.com/',
      'https://:x@example.com/',
    ]) {
      const message = await messageOf(url)
      expect(message).toContain('must not contain credentials')
      expect(message).not.toContain('secret@')
    }
    for (const url of [
      'ftp://example.com/',
      'file:///etc/passwd',
      'javascript:alert(1)',
      '//example.com/',
      'x',
    ])
      expect(await messageOf(url), url).toContain('must be an http or https URL')
    expect(sandbox.uploads()).toEqual([])
  },
)

test.for(ROUTES)(
  '%s accepts a private webhookUrl with ALLOW_PRIVATE_TARGETS, but still no credentials',
  async ([, send]) => {
    const { tracker } = await startTrackerAndSandbox({ ALLOW_PRIVATE_TARGETS: 'true' })
    expect((await send(tracker, 'http://10.1.2.3/hook')).status).not.toBe(400)
    expect((await send(tracker, 'https://me:secret@10.1.2.3/hook')).status).toBe(400)
  },
)

test.for(ROUTES)('%s accepts a public webhookUrl', async ([, send]) => {
  const { tracker } = await startTrackerAndSandbox()
  for (const url of ['https://hooks.example.com/a?b=c', 'http://93.184.215.14/', 'https://[2606:2800::1]/'])
    expect((await send(tracker, url)).status, url).not.toBe(400)
})

test('a private host gets no notification once private targets are no longer allowed, and the log and doctor name the host and ALLOW_PRIVATE_TARGETS', async () => {
  const receiver = await startReceiver()
  const lines: { [field: string]: unknown }[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  const first = await startTracker({ ...WITHOUT_RECONCILER, ALLOW_PRIVATE_TARGETS: 'true' })
  const registered = await sendJson(first, 'POST', '/submissions', {
    extensions: [{ name: 'remove-bg' }],
    fileId: 'file-1',
    webhookUrl: receiver.url,
  })
  const { webhookUrl } = (await registered.json()) as { webhookUrl: string }
  await first.service.stop()

  // Unlike `first`, this tracker does not allow private targets.
  const tracker = await startTracker(WITHOUT_RECONCILER, { logger }, first.database)
  const delivered = await fetch(new URL(new URL(webhookUrl).pathname, tracker.url), {
    method: 'POST',
    body: JSON.stringify({ service: 'remove-bg', status: 'FAILURE', fileId: 'file-1', error: {} }),
  })
  expect(delivered.status).toBe(200)
  const { host } = new URL(receiver.url)
  await expect
    .poll(() => lines.find(({ event }) => event === 'notification.failed'))
    .toMatchObject({ level: 40, host, msg: expect.stringContaining('ALLOW_PRIVATE_TARGETS=true') })
  expect(await checksOf(tracker, 'notifications')).toEqual([
    {
      name: 'notifications',
      level: 'warn',
      message: expect.stringContaining(host),
      remedy: expect.stringContaining('ALLOW_PRIVATE_TARGETS=true'),
    },
  ])
  expect(receiver.connections()).toBe(0)
})
