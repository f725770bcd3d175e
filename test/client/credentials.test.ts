import { expect, test } from 'vitest'
import { type ClientOptions, createClient } from '../../src/client/client.ts'

const URL_OF_TRACKER = 'https://tracker.example/base'

/** A client, and the requests that it sends. Each of them gets a final status as its response. */
function recordingClient(options: Omit<ClientOptions, 'url' | 'fetch'>) {
  const sent: { url: string; authorization: string | null }[] = []
  const client = createClient({
    url: URL_OF_TRACKER,
    ...options,
    async fetch(input, init) {
      const request = new Request(input, init)
      sent.push({ url: request.url, authorization: request.headers.get('authorization') })
      return Response.json({ fileId: 'file', status: 'success' })
    },
  })
  return { client, sent }
}

test('a key is sent only as a header, and a token only in the query', async () => {
  const withKey = recordingClient({ key: 'k', token: undefined })
  await withKey.client.status('file')
  await withKey.client.status(`${URL_OF_TRACKER}/assets/file/status?token=own`)
  expect(withKey.sent).toEqual([
    { url: `${URL_OF_TRACKER}/assets/file/status`, authorization: 'Bearer k' },
    { url: `${URL_OF_TRACKER}/assets/file/status?token=own`, authorization: null },
  ])
  const withToken = recordingClient({ token: 't' })
  await withToken.client.status('file')
  expect(withToken.sent).toEqual([
    { url: `${URL_OF_TRACKER}/assets/file/status?token=t`, authorization: null },
  ])
})

const ELSEWHERE = [
  'https://other.example/base/assets/file/status',
  'http://tracker.example/base/assets/file/status',
  'https://tracker.example:8443/base/assets/file/status',
  'https://tracker.example.evil/base/assets/file/status',
  'https://tracker.example@evil.example/base/assets/file/status',
  'https://tracker.example/base/../assets/file/status',
  'HTTPS://other.example/base/assets/file/status',
]

test.each(ELSEWHERE)(
  'neither the key nor the token of the client is sent to %s, only the token in the URL',
  async (url) => {
    for (const options of [{ key: 'k' }, { token: 't' }]) {
      const { client, sent } = recordingClient(options)
      await expect(client.status(url)).rejects.toThrow('Nothing was sent')
      await expect(client.waitFor(url)).rejects.toThrow('Nothing was sent')
      expect(sent).toEqual([])
    }
    const { client, sent } = recordingClient({ key: 'k' })
    const withToken = new URL(`${url}?token=own`)
    withToken.username = ''
    await client.status(withToken.href)
    expect(sent).toEqual([{ url: withToken.href, authorization: null }])
  },
)

test.each([
  'https://other.example/?token=own',
  'https://other.example/metadata.json?token=own',
  'https://other.example/assets/status?token=own',
  'https://other.example/assets/file/status/more?token=own',
])('nothing is sent to %s, which is no statusUrl', async (url) => {
  const { client, sent } = recordingClient({ key: 'k' })
  await expect(client.status(url)).rejects.toThrow('Nothing was sent')
  expect(sent).toEqual([])
})

test.each(['', '.', '..', '\ud800'])('%j is not an id, and nothing is sent', async (id) => {
  const { client, sent } = recordingClient({ key: 'k' })
  await expect(client.status(id)).rejects.toThrow()
  await expect(client.waitFor(id)).rejects.toThrow()
  await expect(client.watch(id).next()).rejects.toThrow()
  await expect(client.retry(id)).rejects.toThrow()
  await expect(client.reportResponse(id, {})).rejects.toThrow()
  expect(sent).toEqual([])
})

test.each([undefined, '', 'tracker.example', '/tracker', 'ftp://tracker.example'])(
  'a client with the url %j is rejected at once, and the error contains it',
  (url) => {
    expect(() => createClient({ url: url as string })).toThrow(`It is ${JSON.stringify(url)}.`)
  },
)

test.each([
  ['', 'must be the secret'],
  ['app:a-secret', 'the part after the colon'],
  ['a-\nsecret', 'a character that a header cannot contain'],
  ['a-secret-€', 'a character that a header cannot contain'],
])(
  'a client with the key %j is rejected at once, and the error does not contain the key',
  (key, sentence) => {
    const create = () => createClient({ url: URL_OF_TRACKER, key })
    expect(create).toThrow(sentence)
    expect(create).not.toThrow(/a-\n?secret/)
  },
)

test('a client whose url contains a key is rejected at once, and the error does not contain the key', () => {
  const create = () => createClient({ url: 'https://secret@tracker.example' })
  expect(create).toThrow('without user name, query or fragment')
  expect(create).not.toThrow('secret')
})
