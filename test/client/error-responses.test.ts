import { createServer, type RequestListener } from 'node:http'
import { expect, test } from 'vitest'
import { createClient, TrackerApiError } from '../../src/client/client.ts'
import { startListening } from '../support/listening.ts'

/** The error of a request to a server in the tracker's place. */
async function requestFrom(respond: RequestListener): Promise<TrackerApiError> {
  const url = await startListening(createServer(respond))
  const error = await createClient({ url })
    .status('file')
    .catch((failure: unknown) => failure)
  expect(error).toBeInstanceOf(TrackerApiError)
  return error as TrackerApiError
}

test('the message names the invalid fields, and the headers are those of the response', async () => {
  const errors = [
    { field: 'wait', message: 'must be an integer' },
    { field: 'fileId', message: 'is empty' },
  ]
  const error = await requestFrom((_incoming, response) => {
    response.writeHead(400, { 'retry-after': '7', 'x-submission-id': 'sub_1' })
    response.end(JSON.stringify({ code: 'invalid_input', detail: 'The request is not valid.', errors }))
  })
  expect(error).toMatchObject({ code: 'invalid_input', status: 400, errors, retryAfterMs: 7000 })
  expect(error.message).toBe('The request is not valid. wait: must be an integer; fileId: is empty')
  expect(error.headers.get('x-submission-id')).toBe('sub_1')
})

test.each([
  '',
  '<html>',
  'null',
  '"text"',
  '[]',
  '{"detail":1,"message":{},"code":[],"errors":[null,{"field":1}]}',
])('an error response with the body %s is an error without explanation', async (body) => {
  const error = await requestFrom((_incoming, response) => response.writeHead(502).end(body))
  expect(error).toMatchObject({
    message: 'The tracker responded with 502.',
    status: 502,
    detail: undefined,
    code: undefined,
    errors: [],
  })
})

test.each(['<html>', '', 'null', '[]'])(
  'a success with the body %j is an error, because it is not from a tracker',
  async (body) => {
    const error = await requestFrom((_incoming, response) => response.end(body))
    expect(error).toMatchObject({
      status: 200,
      message: expect.stringContaining('Does `url` point to the tracker?'),
    })
  },
)

test('a redirect is an error that says where it leads, and is not followed', async () => {
  const followed: unknown[] = []
  const elsewhere = await startListening(createServer((incoming) => followed.push(incoming.url)))
  const error = await requestFrom((_incoming, response) => {
    response.writeHead(307, { location: `${elsewhere}/moved` }).end()
  })
  expect(error).toMatchObject({
    status: 307,
    message: expect.stringContaining(`redirects to ${elsewhere}/moved.`),
  })
  expect(followed).toEqual([])
})
