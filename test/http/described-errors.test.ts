import { request as httpRequest } from 'node:http'
import { describe, expect, test } from 'vitest'
import { TrackerError } from '../../src/domain/errors.ts'
import { isImagekitPath } from '../../src/http/error-responses.ts'
import type { DescribedOperation } from '../../src/http/route.ts'
import { FORWARDED_ROUTES } from '../../src/imagekit/forwarded-routes.ts'
import type { StoreHandle } from '../../src/store/store.ts'
import { createTestDatabase, openStoreOf } from '../support/database.ts'
import { ADMIN_KEY, API_KEY, type RunningTracker, startTracker } from '../support/tracker.ts'

/*
 * Each error that every operation of a kind describes. The responses are checked against the API description, and `npm run
 * api-coverage` fails if a described response of any operation was never tested.
 */

type Sent = { status: number; json: { [field: string]: unknown } }

const MAX_BODY = 1024 * 1024

/** Operations that differ only by a trailing slash are tested once. */
const described = ({ service }: RunningTracker) =>
  service.operations.filter(({ path }) => !path.endsWith('/'))

const pathOf = ({ path }: DescribedOperation) => path.replace(/:\w+/g, 'x')

const keyOf = ({ auth }: DescribedOperation) => (auth === 'operator' ? ADMIN_KEY : API_KEY)

/** Sends a request of the operation. `body` is sent as it is; with `isCut`, the rest of the body never comes. */
function send(
  { url }: RunningTracker,
  operation: DescribedOperation,
  { headers = {}, query = '', body = '', isCut = false }: SendOptions = {},
): Promise<Sent> {
  const authorization = `Bearer ${keyOf(operation)}`
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${url}${pathOf(operation)}${query}`, {
      method: operation.method,
      headers: {
        authorization,
        ...(body !== '' && { 'content-length': Buffer.byteLength(body) + (isCut ? 1 : 0) }),
        ...headers,
      },
      agent: false,
    })
    sent.on('error', (cause) => reject(new Error(`no response to ${operation.id}`, { cause })))
    sent.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode ?? 0, json: text.startsWith('{') ? JSON.parse(text) : {} })
        sent.destroy()
      })
    })
    if (isCut) sent.write(body)
    else sent.end(body)
  })
}

type SendOptions = {
  headers?: { [name: string]: string }
  query?: string
  body?: string
  isCut?: boolean
}

/** With every operation that there can be. */
const ALL = { IMAGEKIT_PASSTHROUGH: 'all' }

/** Uploads, updates and webhooks have their own tests: their errors depend on ImageKit, on a token or on a signature. */
const isOwn = ({ id, path }: DescribedOperation) =>
  (!isImagekitPath(path) && !path.startsWith('/webhooks/')) || FORWARDED_ROUTES.some((one) => one.id === id)
const hasBody = (operation: DescribedOperation) => operation.body !== undefined && isOwn(operation)
const hasJsonBody = ({ body }: DescribedOperation) => body !== undefined && 'json' in body

describe('each operation', () => {
  test('that needs a key or token responds with 401 without one', async () => {
    const tracker = await startTracker(ALL)
    for (const operation of described(tracker).filter(({ auth }) => auth !== 'none'))
      expect(await send(tracker, operation, { headers: { authorization: '' } }), operation.id).toMatchObject({
        status: 401,
      })
  })

  test('responds with 403 to a request from elsewhere, if the tracker has no keys', async () => {
    const tracker = await startTracker({ ...ALL, TRACKER_API_KEY: '', TRACKER_ADMIN_KEY: '' })
    for (const operation of described(tracker))
      expect(
        await send(tracker, operation, { headers: { host: 'elsewhere.example' } }),
        operation.id,
      ).toMatchObject({ status: 403 })
  })

  test('of operators responds with 403 to an API key, and with 400 to an unknown query parameter', async () => {
    const tracker = await startTracker(ALL)
    for (const operation of described(tracker).filter(({ auth }) => auth === 'operator')) {
      const headers = { authorization: `Bearer ${API_KEY}` }
      expect(await send(tracker, operation, { headers }), operation.id).toMatchObject({ status: 403 })
      expect(await send(tracker, operation, { query: '?unknown=1' }), operation.id).toMatchObject({
        status: 400,
      })
    }
  })

  test('with a JSON body responds with 400 to text that is not JSON, and without keys with 415 to another type', async () => {
    const tracker = await startTracker(ALL)
    for (const operation of described(tracker).filter(hasJsonBody))
      expect(await send(tracker, operation, { body: '{' }), operation.id).toMatchObject({ status: 400 })
    const keyless = await startTracker({ ...ALL, TRACKER_API_KEY: '', TRACKER_ADMIN_KEY: '' })
    for (const operation of described(keyless).filter(hasJsonBody)) {
      const headers = { authorization: '', 'content-type': 'text/plain' }
      expect(await send(keyless, operation, { headers, body: '{}' }), operation.id).toMatchObject({
        status: 415,
      })
    }
  })

  test('with a body responds with 413 to one that is too large', async () => {
    const tracker = await startTracker({ ...ALL, MAX_UPLOAD_BYTES: '1MiB' })
    for (const operation of described(tracker).filter(hasBody))
      expect(await send(tracker, operation, { body: ' '.repeat(MAX_BODY + 1) }), operation.id).toMatchObject({
        status: 413,
      })
  })

  test('with a body responds with 408 if the body does not arrive', async () => {
    const tracker = await startTracker(ALL, { wholeBodyMs: 20, bodyIdleMs: 20 })
    for (const operation of described(tracker).filter(hasBody))
      expect(await send(tracker, operation, { body: '{', isCut: true }), operation.id).toMatchObject({
        status: 408,
      })
  })

  test('that uses the store responds with 503 while the store is unavailable', async () => {
    const database = await createTestDatabase()
    const real = await openStoreOf(database)
    let isDown = false
    const store = new Proxy(real, {
      get(target, name: keyof StoreHandle) {
        const member = target[name]
        if (!isDown || typeof member !== 'function' || name.startsWith('watch') || name === 'close')
          return member
        return () => Promise.reject(new TrackerError('store_unavailable', 'The database is down.'))
      },
    })
    const tracker = await startTracker(ALL, { store }, database)
    isDown = true
    for (const operation of described(tracker).filter(
      (one) => one.auth !== 'none' && !one.worksWithoutStore && isOwn(one),
    ))
      expect(
        (await send(tracker, operation, { body: bodyOf(operation), query: queryOf(operation) })).status,
        operation.id,
      ).toBe(503)
  })
})

/** A valid body, and a valid query, as far as an operation needs them. */
function bodyOf({ id }: DescribedOperation): string {
  switch (id) {
    case 'registerSubmission':
      return '{"extensions":[{"name":"remove-bg"}]}'
    case 'reconcile':
      return '{"dryRun":true}'
    case 'retryRuns':
      return '{"status":"failed"}'
    case 'copyFile':
    case 'moveFile':
      return '{"sourceFilePath":"/a","destinationPath":"/b"}'
    case 'copyFolder':
    case 'moveFolder':
      return '{"sourceFolderPath":"/a","destinationPath":"/b"}'
    case 'replayDeliveries':
      return '{"outcome":"rejected"}'
    default:
      return '{}'
  }
}

function queryOf({ id }: DescribedOperation): string {
  return id === 'getAssetStatuses' ? '?fileId=x' : ''
}
