import { Readable } from 'node:stream'
import { request } from 'undici'

/**
 * Like `fetch`, except that it follows no redirects. It takes a third of the processor time, which is most of the time of many
 * tests.
 */
export async function send(url: string, init: RequestInit = {}): Promise<Response> {
  const { method = 'GET', body = null, signal } = init
  if (body !== null && typeof body !== 'string' && !(body instanceof Uint8Array))
    return fetch(url, { ...init, redirect: 'manual' })
  const headers = new Headers(init.headers)
  if (typeof body === 'string' && !headers.has('content-type'))
    headers.set('content-type', 'text/plain;charset=UTF-8')
  const received = await request(url, {
    method: method as 'GET',
    headers: Object.fromEntries(headers),
    body,
    ...(signal && { signal }),
  })
  const responseHeaders = Object.entries(received.headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((each): [string, string] => [name, each]),
  )
  return new Response(await readContent(received), { status: received.statusCode, headers: responseHeaders })
}

/** JSON and pages are short; everything else may be a stream that does not end. */
async function readContent({
  statusCode,
  headers,
  body,
}: Awaited<ReturnType<typeof request>>): Promise<string | ReadableStream<Uint8Array> | null> {
  const isEmpty = headers['content-length'] === '0' || [204, 304].includes(statusCode)
  const isShort = /json|html/.test(String(headers['content-type'] ?? ''))
  if (!isEmpty && !isShort) return Readable.toWeb(body) as ReadableStream<Uint8Array>
  const text = await body.text()
  return isEmpty ? null : text
}
