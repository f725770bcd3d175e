import { createServer, type RequestListener } from 'node:http'
import { expect, test } from 'vitest'
import {
  createClient,
  TrackerApiError,
  TrackerConnectionError,
  TrackerTimeoutError,
} from '../../src/client/client.ts'
import { startListening } from '../support/listening.ts'

/** The error of `waitFor` with a server in the tracker's place. */
async function waitWith(respond: RequestListener, timeout: number): Promise<unknown> {
  const url = await startListening(createServer(respond))
  return createClient({ url })
    .waitFor('file', { timeout })
    .catch((error: unknown) => error)
}

test('waitFor ends in time if the tracker never responds, and the error says so', async () => {
  const late = await waitWith(() => {}, 50)
  expect(late).toBeInstanceOf(TrackerTimeoutError)
  expect(late).toMatchObject({ timeoutMs: 50, cause: { message: 'The tracker did not respond.' } })
})

test('waitFor ends in time if a response begins and then stops', async () => {
  const late = await waitWith((_incoming, response) => response.writeHead(200).write('{"status":'), 50)
  expect(late).toBeInstanceOf(TrackerTimeoutError)
})

test('the timeout error of waitFor contains the failure of the last request', async () => {
  const overloaded = await waitWith((_incoming, response) => {
    response.writeHead(503).end('{"code":"overloaded","detail":"Too many requests."}')
  }, 1500)
  expect(overloaded).toBeInstanceOf(TrackerTimeoutError)
  const { cause } = overloaded as TrackerTimeoutError
  expect(cause).toBeInstanceOf(TrackerApiError)
  expect(cause).toMatchObject({ status: 503, message: 'Too many requests.' })
})

test('the timeout error of waitFor contains no failure after which the tracker responded', async () => {
  let requests = 0
  const late = await waitWith((_incoming, response) => {
    requests += 1
    if (requests === 1) response.writeHead(503, { 'retry-after': '0.01' }).end()
    else if (requests === 2) response.end('{"fileId":"file","status":"pending"}')
    // The third request waits at the tracker.
  }, 1500)
  expect(requests).toBe(3)
  expect(late).toBeInstanceOf(TrackerTimeoutError)
  expect((late as TrackerTimeoutError).cause).toBeUndefined()
})

test('waitFor does not repeat a request if it would have to pause for more than a minute', async () => {
  const failed = await waitWith((_incoming, response) => {
    response.writeHead(503, { 'retry-after': '61' }).end()
  }, 120_000)
  expect(failed).toBeInstanceOf(TrackerApiError)
})

test('a longer timeout than timers allow is no short one', async () => {
  let hasResponded = false
  const url = await startListening(
    createServer((_incoming, response) => {
      response.end(`{"fileId":"file","status":"${hasResponded ? 'success' : 'pending'}"}`)
      hasResponded = true
    }),
  )
  const final = await createClient({ url }).waitFor('file', { timeout: Number.POSITIVE_INFINITY })
  expect(final).toMatchObject({ status: 'success' })
})

test('without a response, the error says at which address and why', async () => {
  const server = createServer()
  const url = await startListening(server)
  await new Promise((resolve) => server.close(resolve))
  const failed = await createClient({ url })
    .status('file')
    .catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(TrackerConnectionError)
  expect((failed as Error).message).toMatch(`No response from ${url}: connect ECONNREFUSED`)
})
