import { expect } from 'vitest'
import { requiresAdmin } from '../../src/domain/passthrough.ts'
import type { ForwardedRoute } from '../../src/imagekit/forwarded-routes.ts'
import type { Overrides } from '../../src/service.ts'
import { type Call, startMisbehavingImagekit } from '../support/misbehaving-imagekit.ts'
import { ADMIN_KEY, API_KEY, type RunningTracker, startTracker } from '../support/tracker.ts'

/** Starts a tracker that forwards everything to this server in place of ImageKit. */
export async function startForwarding(
  handle: (call: Call) => unknown,
  overrides: Overrides = {},
  more: { [name: string]: string } = {},
) {
  const imagekit = await startMisbehavingImagekit(handle)
  const env = { IMAGEKIT_PASSTHROUGH: 'all', IMAGEKIT_API_URL: imagekit.url, ...more }
  return { imagekit, tracker: await startTracker(env, overrides) }
}

/** A path of the route. */
export const pathOf = ({ path }: ForwardedRoute) => path.replaceAll(/:\w+/g, 'x1')

/** Sends a request of the route, with the key that it needs. */
export function send(
  tracker: RunningTracker,
  route: ForwardedRoute,
  { path = pathOf(route), headers = {}, body = '{"a":1}' }: SendOptions = {},
): Promise<Response> {
  const authorization = `Bearer ${requiresAdmin(route) ? ADMIN_KEY : API_KEY}`
  return tracker.fetch(path, {
    method: route.method,
    headers: { authorization, 'content-type': 'application/json', ...headers },
    ...(route.hasBody && { body }),
    redirect: 'manual',
  })
}

type SendOptions = { path?: string; headers?: { [name: string]: string }; body?: string }

/** An error of the tracker or of ImageKit, in ImageKit's shape. */
export async function errorOf(response: Response) {
  const body = (await response.json()) as { message: string }
  expect(body).toEqual({ message: expect.any(String), help: expect.any(String) })
  return {
    status: response.status,
    message: body.message,
    shouldRetry: response.headers.get('x-should-retry'),
  }
}
