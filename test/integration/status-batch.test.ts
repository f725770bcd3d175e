import { expect, it } from 'vitest'
import { API_KEY, observed, pendingAsset, SUCCESS, startStatusServer } from './status-server.ts'

const query = (fileIds: string[]) => fileIds.map((fileId) => `fileId=${encodeURIComponent(fileId)}`).join('&')

async function startWithTwo() {
  const server = await startStatusServer()
  server.add(pendingAsset('f1', 'remove-bg'))
  server.add(observed(pendingAsset('f2', 'remove-bg'), 'remove-bg', SUCCESS))
  return { ...server, get: (fileIds: string[]) => fetch(`${server.url}/assets/status?${query(fileIds)}`) }
}

it('returns the assets in the requested order, each once, and lists unknown ones', async () => {
  const server = await startWithTwo()
  const response = await server.get(['f2', 'x&y', 'f1', 'f2', 'gone', 'x&y'])
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(response.headers.get('cache-control')).toBe('no-cache')
  const alone = async (fileId: string) => (await fetch(`${server.url}/assets/${fileId}/status`)).json()
  expect(await response.json()).toEqual({
    assets: [await alone('f2'), await alone('f1')],
    notFound: ['x&y', 'gone'],
  })
})

it('returns both lists even if one is empty', async () => {
  const server = await startWithTwo()
  expect(await (await server.get(['gone'])).json()).toEqual({ assets: [], notFound: ['gone'] })
  expect(await (await server.get(['f1'])).json()).toMatchObject({ assets: [{ fileId: 'f1' }], notFound: [] })
})

it('accepts 1 to 100 fileIds', async () => {
  const server = await startWithTwo()
  const hundred = Array.from({ length: 100 }, (_, index) => `n${index}`)
  expect(await (await server.get(hundred)).json()).toEqual({ assets: [], notFound: hundred })
  for (const rejected of [[], [...hundred, 'n100'], ['']]) {
    const response = await server.get(rejected)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'invalid_input', errors: [{ field: 'fileId' }] })
  }
})

it('responds to HEAD without a body', async () => {
  const server = await startWithTwo()
  const response = await fetch(`${server.url}/assets/status?fileId=f1`, { method: 'HEAD' })
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('')
})

it('requires a key; a token gives no access', async () => {
  const server = await startStatusServer({ keys: true })
  server.add(pendingAsset('f1', 'remove-bg'))
  const url = `${server.url}/assets/status?fileId=f1`
  expect((await fetch(url)).status).toBe(401)
  expect((await fetch(`${url}&token=${server.token('f1')}`)).status).toBe(401)
  // In the path of this route, `status` is in the place of a fileId.
  expect((await fetch(`${url}&token=${server.token('status')}`)).status).toBe(401)
  expect((await fetch(url, { headers: { Authorization: `Bearer ${API_KEY}` } })).status).toBe(200)
})

it('has no CORS: OPTIONS gets 405', async () => {
  const server = await startWithTwo()
  expect((await server.get(['f1'])).headers.has('access-control-allow-origin')).toBe(false)
  for (const method of ['OPTIONS', 'POST', 'DELETE']) {
    const response = await fetch(`${server.url}/assets/status`, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, HEAD')
    expect(response.headers.has('access-control-allow-origin')).toBe(false)
  }
})
