import { describe, expect, test } from 'vitest'
import { FORWARDED_ROUTES } from '../../src/imagekit/forwarded-routes.ts'
import { startMisbehavingImagekit } from '../support/misbehaving-imagekit.ts'
import { rawRequest } from '../support/raw-request.ts'
import { ADMIN_KEY, startTracker } from '../support/tracker.ts'
import { errorOf, send } from './forwarding.ts'

describe('IMAGEKIT_PASSTHROUGH', () => {
  const startWith = async (mode: string | undefined) => {
    const imagekit = await startMisbehavingImagekit((call) => call.respond(200, '{}'))
    const env = { IMAGEKIT_PASSTHROUGH: mode, IMAGEKIT_API_URL: imagekit.url }
    return { imagekit, tracker: await startTracker(env) }
  }

  test.each([undefined, 'off'])(
    '%s forwards nothing, and the error says how to change that',
    async (mode) => {
      const { imagekit, tracker } = await startWith(mode)
      for (const route of FORWARDED_ROUTES) {
        const isOurs = route.path === '/v1/files/:fileId/details'
        const error = await errorOf(await send(tracker, route))
        expect(error, route.id).toMatchObject({ status: isOurs ? 405 : 404 })
        expect(error.message).toContain('IMAGEKIT_PASSTHROUGH=all')
      }
      expect(imagekit.calls).toEqual([])
    },
  )

  test('read forwards GET, and the error for anything else says how to change that', async () => {
    const { imagekit, tracker } = await startWith('read')
    for (const route of FORWARDED_ROUTES) {
      const response = await send(tracker, route)
      if (route.method === 'GET') expect(response.status, route.id).toBe(200)
      else {
        const error = await errorOf(response)
        expect([404, 405], route.id).toContain(error.status)
        expect(error.message).toContain('IMAGEKIT_PASSTHROUGH=all')
      }
    }
    expect(imagekit.calls.every(({ incoming }) => incoming.method === 'GET')).toBe(true)
  })

  test('all forwards no other path, whatever its spelling', async () => {
    const { imagekit, tracker } = await startWith('all')
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' }
    for (const path of OTHER_PATHS)
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
        const { status } = await rawRequest(tracker.url, { method, path, headers })
        expect([400, 404, 405], `${method} ${path}`).toContain(status)
      }
    expect(imagekit.calls.map(({ path }) => path)).toEqual([])
  })
})

const OTHER_PATHS = [
  '/v1/accounts/origins',
  '/v1/accounts/webhooks',
  '/v1/accounts/url-endpoints/x',
  '/v1/metadata?url=https://ik.imagekit.io/x',
  '/v1/named-transformations',
  '/v1/filesystem',
  '/v1/foldera',
  '/v1/files/../accounts/origins',
  '/v1/files/%2e%2e/accounts/origins',
  '/v1/files/%2E./accounts/origins',
  '/v1/files/..%2faccounts%2forigins',
  '/v1/files/..%2Faccounts/details',
  '/v1/files/%2e%2e%2faccounts/details',
  '/v1/files/..%5caccounts/details',
  '/v1/files/..\\accounts/details',
  '/v1/files/x;/../../accounts/details',
  '/v1/files/x;a=b/details',
  '/v1/files/%252e%252e/details',
  '/v1/files/%2e%2e/details',
  '/v1/files/./details',
  '/v1/files//details',
  '/v1//accounts/origins',
  '//v1/accounts/origins',
  '/v1/files/x/versions/../../../accounts/origins',
  '/v1/files/x%00/details',
  '/V1/files',
  '/v2/files',
  'http://imagekit.example/v1/accounts/origins',
]
