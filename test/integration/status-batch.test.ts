import { expect, it } from 'vitest'
import { API_KEY, observed, pendingAsset, SUCCESS, startStatusServer } from './status-server.ts'

const query = (fileIds: string[]) => fileIds.map((fileId) => `fileId=${encodeURIComponent(fileId)}`).join('&')

async function startWithTwo() {
  const server = await startStatusServer()
  server.keep(pendingAsset('f1', 'remove-bg'))
  server.keep(observed(pendingAsset('f2', 'remove-bg'), 'remove-bg', SUCCESS))
  return { ...server, ask: (fileIds: string[]) => fetch(`${server.url}/assets/status?${query(fileIds)}`) }
}

it('answers the assets in the order asked, each once, and names those never heard of', async () => {
  const server = await startWithTwo()
  const answer = await server.ask(['f2', 'x&y', 'f1', 'f2', 'gone', 'x&y'])
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('application/json')
  expect(answer.headers.get('cache-control')).toBe('no-cache')
  const alone = async (fileId: string) => (await fetch(`${server.url}/assets/${fileId}/status`)).json()
  expect(await answer.json()).toEqual({
    assets: [await alone('f2'), await alone('f1')],
    notFound: ['x&y', 'gone'],
  })
})

it('answers both lists where one is empty', async () => {
  const server = await startWithTwo()
  expect(await (await server.ask(['gone'])).json()).toEqual({ assets: [], notFound: ['gone'] })
  expect(await (await server.ask(['f1'])).json()).toMatchObject({ assets: [{ fileId: 'f1' }], notFound: [] })
})

it('takes 1 to 100 fileIds', async () => {
  const server = await startWithTwo()
  const hundred = Array.from({ length: 100 }, (_, index) => `n${index}`)
  expect(await (await server.ask(hundred)).json()).toEqual({ assets: [], notFound: hundred })
  for (const refused of [[], [...hundred, 'n100'], ['']]) {
    const answer = await server.ask(refused)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ code: 'invalid_input', errors: [{ field: 'fileId' }] })
  }
})

it('answers HEAD without a body', async () => {
  const server = await startWithTwo()
  const answer = await fetch(`${server.url}/assets/status?fileId=f1`, { method: 'HEAD' })
  expect(answer.status).toBe(200)
  expect(await answer.text()).toBe('')
})

it('needs a key; no token opens it', async () => {
  const server = await startStatusServer({ keys: true })
  server.keep(pendingAsset('f1', 'remove-bg'))
  const url = `${server.url}/assets/status?fileId=f1`
  expect((await fetch(url)).status).toBe(401)
  expect((await fetch(`${url}&token=${server.token('f1')}`)).status).toBe(401)
  expect((await fetch(`${url}&token=${server.token('status')}`)).status).toBe(401)
  expect((await fetch(url, { headers: { Authorization: `Bearer ${API_KEY}` } })).status).toBe(200)
})

it('has no CORS: OPTIONS is a method that it does not take', async () => {
  const server = await startWithTwo()
  expect((await server.ask(['f1'])).headers.has('access-control-allow-origin')).toBe(false)
  for (const method of ['OPTIONS', 'POST', 'DELETE']) {
    const answer = await fetch(`${server.url}/assets/status`, { method })
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('GET, HEAD')
    expect(answer.headers.has('access-control-allow-origin')).toBe(false)
  }
})
