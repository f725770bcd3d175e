import { getEventListeners } from 'node:events'
import { createServer } from 'node:http'
import { expect, onTestFinished, test, vi } from 'vitest'
import {
  type AssetStatus,
  createClient,
  type Submission,
  TrackerApiError,
  TrackerSubmissionError,
  TrackerTimeoutError,
} from '../../src/client/client.ts'
import { startListening } from '../support/listening.ts'

const URL_OF_TRACKER = 'https://tracker.example'

type Reply = Response | 'nothing'

/**
 * A client whose requests get these responses, one after the other; the last one again and again. A request that gets nothing ends only
 * when it is aborted. `paths`: what was requested.
 */
function clientWith(...replies: (Reply | ((signal: AbortSignal | null | undefined) => Reply))[]) {
  const paths: string[] = []
  const client = createClient({
    url: URL_OF_TRACKER,
    fetch(input, init) {
      const { pathname, search } = new URL(input instanceof Request ? input.url : input)
      const next = replies[Math.min(paths.length, replies.length - 1)]
      paths.push(pathname + search)
      const reply = typeof next === 'function' ? next(init?.signal) : next
      if (reply instanceof Response) return Promise.resolve(reply)
      return new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(init.signal?.reason), { once: true })
      })
    },
  })
  return { client, paths }
}

function statusResponse(status: AssetStatus['status']) {
  return () => Response.json({ fileId: 'file', status })
}

function submissionResponse(fields: Partial<Submission>) {
  return () => Response.json({ submissionId: 'sub_1', fileId: null, extensions: [], error: null, ...fields })
}

function useFakeTimers(...toFake: ('setTimeout' | 'clearTimeout' | 'performance' | 'Date')[]) {
  vi.useFakeTimers({ toFake })
  onTestFinished(() => {
    vi.useRealTimers()
  })
}

test('waitFor gives up a request whose response does not come, and sends it again', async () => {
  useFakeTimers('setTimeout', 'clearTimeout', 'performance')
  const { client, paths } = clientWith(
    'nothing',
    statusResponse('pending'),
    'nothing',
    statusResponse('success'),
  )
  const waiting = client.waitFor('file')
  await vi.advanceTimersByTimeAsync(100_000)
  expect(paths).toEqual([0, 0, 30, 30].map((wait) => `/assets/file/status?wait=${wait}`))
  expect(await waiting).toMatchObject({ status: 'success' })
  expect(vi.getTimerCount()).toBe(0)
})

test.each([
  ['does not begin', 'nothing' as const, []],
  ['falls silent', silentStream, ['pending']],
])('watch continues with long polling if the stream %s', async (_, stream, first) => {
  useFakeTimers('setTimeout', 'clearTimeout', 'performance')
  const { client, paths } = clientWith(stream, statusResponse('success'))
  const statuses: string[] = []
  const watching = (async () => {
    for await (const { status } of client.watch('file')) statuses.push(status)
  })()
  await vi.advanceTimersByTimeAsync(50_000)
  await watching
  expect(statuses).toEqual([...first, 'success'])
  expect(paths).toEqual(['/assets/file/events', '/assets/file/status?wait=0'])
  expect(vi.getTimerCount()).toBe(0)
})

/** A stream of one event, which then stays open. */
function silentStream(signal: AbortSignal | null | undefined): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('data: {"fileId":"file","status":"pending"}\n\n'))
      signal?.addEventListener('abort', () => controller.error(signal.reason), { once: true })
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

test('watch continues with long polling if there are too many requests', async () => {
  const { client } = clientWith(new Response('', { status: 429 }), statusResponse('success'))
  expect((await client.watch('file').next()).value).toMatchObject({ status: 'success' })
})

test('the requests are few even if the server never waits, and always has a new status', async () => {
  let requests = 0
  const url = await startListening(
    createServer((_incoming, response) => {
      requests += 1
      response.setHeader('etag', `"${requests}"`)
      response.end('{"fileId":"file","status":"pending"}')
    }),
  )
  const late = createClient({ url }).waitFor('file', { timeout: 1500 })
  await expect(late).rejects.toBeInstanceOf(TrackerTimeoutError)
  expect(requests).toBeLessThan(15)
})

test.each([{}, { status: 'ok' }, { fileId: 'file' }, { submissionId: 'sub_1' }])(
  'the JSON %j is not a status, but from another server',
  async (json) => {
    const { client } = clientWith(() => Response.json(json))
    for (const failing of [client.status('file'), client.waitFor('file')])
      await expect(failing).rejects.toMatchObject({
        name: 'TrackerApiError',
        message: expect.stringContaining('Does `url` point to the tracker?'),
      })
  },
)

test.each([
  ['rejected', [], 'ImageKit rejected the upload.'],
  ['submitting', [{ status: 'expired' }], 'Nothing is pending any more, and no file is known.'],
  ['unconfirmed', [], 'Nothing is pending any more, and no file is known.'],
])(
  'waiting for a submission that is %s with the extensions %j fails, because it never gets a file',
  async (state, extensions, message) => {
    const { client } = clientWith(submissionResponse({ state, extensions } as unknown as Partial<Submission>))
    const failed = await client
      .waitFor(`${URL_OF_TRACKER}/submissions/sub_1?token=t`)
      .catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(TrackerSubmissionError)
    expect(failed).toMatchObject({ submissionId: 'sub_1', message })
  },
)

test('the status of a submission is that of its asset, once its file is known', async () => {
  const { client, paths } = clientWith(
    submissionResponse({ state: 'submitting' }),
    submissionResponse({
      state: 'accepted',
      fileId: 'file',
      statusUrl: `${URL_OF_TRACKER}/assets/file/status?token=u`,
    }),
    statusResponse('success'),
  )
  const target = `${URL_OF_TRACKER}/submissions/sub_1?token=t`
  await expect(client.status(target)).rejects.toThrow('No file is known yet.')
  expect(await client.status(target)).toMatchObject({ fileId: 'file', status: 'success' })
  expect(paths.at(-1)).toBe('/assets/file/status?token=u')
})

test('watch yields no status twice if the stream of a submission breaks off', async () => {
  const pending = { fileId: 'file', status: 'pending' }
  const etags: (string | null)[] = []
  const client = createClient({
    url: URL_OF_TRACKER,
    async fetch(input, init) {
      const { pathname } = new URL(input instanceof Request ? input.url : input)
      if (pathname.endsWith('/events'))
        return new Response(`id: "1"\ndata: ${JSON.stringify(pending)}\n\n`, {
          headers: { 'content-type': 'text/event-stream' },
        })
      const statusUrl = `${URL_OF_TRACKER}/assets/file/status?token=u`
      if (pathname.startsWith('/submissions/'))
        return submissionResponse({ state: 'accepted', fileId: 'file', statusUrl })()
      etags.push(new Headers(init?.headers).get('if-none-match'))
      return statusResponse('success')()
    },
  })
  const statuses: string[] = []
  for await (const { status } of client.watch(`${URL_OF_TRACKER}/submissions/sub_1?token=t`))
    statuses.push(status)
  expect(statuses).toEqual(['pending', 'success'])
  expect(etags).toEqual(['"1"'])
})

test('many waits share one listener on their signal, and leave none', async () => {
  const stop = new AbortController()
  const { client } = clientWith('nothing')
  const followed = client.watch('file', { signal: stop.signal })
  const waits = [followed.next(), ...Array.from({ length: 20 }, () => client.waitFor('file', stop))]
  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1)
  stop.abort(new Error('no longer needed'))
  const results = await Promise.allSettled(waits)
  expect(results).toEqual(waits.map(() => ({ status: 'rejected', reason: stop.signal.reason })))
  expect(getEventListeners(stop.signal, 'abort')).toEqual([])

  const { signal } = new AbortController()
  const finished = clientWith(
    new Response('', { status: 502, headers: { 'retry-after': '0.01' } }),
    ...Array.from({ length: 5 }, () => statusResponse('pending')),
    statusResponse('success'),
  )
  await finished.client.waitFor('file', { signal })
  for await (const _ of finished.client.watch('file', { signal })) break
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('the reason of the signal is the error also while the body of an error is read', async () => {
  const stop = new AbortController()
  const url = await startListening(
    createServer((_incoming, response) => {
      response.writeHead(500).write('{')
      setTimeout(() => stop.abort(new Error('no longer needed')), 50)
    }),
  )
  await expect(createClient({ url }).status('file', { signal: stop.signal })).rejects.toThrow(
    'no longer needed',
  )
})

test('a clock that is set forward does not end the repetition of a request', async () => {
  useFakeTimers('Date')
  const unavailable = () => {
    vi.setSystemTime(Date.now() + 3_600_000)
    return new Response('', { status: 503, headers: { 'retry-after': '0.01' } })
  }
  const { client } = clientWith(unavailable, unavailable, statusResponse('success'))
  expect(await client.waitFor('file')).toMatchObject({ status: 'success' })
})

test('a pause of less than no time counts as none', async () => {
  const { client } = clientWith(new Response('', { status: 503, headers: { 'retry-after': '-1' } }))
  const failed = await client.status('file').catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(TrackerApiError)
  expect(failed).toMatchObject({ retryAfterMs: undefined })
})
