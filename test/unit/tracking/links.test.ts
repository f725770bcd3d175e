import { expect, test } from 'vitest'
import { createCapabilityTokens } from '../../../src/tracking/capability-tokens.ts'
import { createLinks, readWebhookToken } from '../../../src/tracking/links.ts'

const tokens = createCapabilityTokens(['token-secret-0123456789'])
const links = createLinks(() => 'https://tracker.example/sub', tokens)

test('status and events URLs start with the public URL and have a valid token', () => {
  const asset = links.asset('f1')
  expect(asset.statusUrl.startsWith('https://tracker.example/sub/assets/f1/status?token=')).toBe(true)
  expect(asset.eventsUrl.startsWith('https://tracker.example/sub/assets/f1/events?token=')).toBe(true)
  for (const url of Object.values(asset))
    expect(tokens.status.verify('f1', new URL(url).searchParams.get('token') ?? '')).toBe(true)
  const submission = links.submission('s1', null)
  expect(new URL(submission.statusUrl).pathname).toBe('/sub/submissions/s1')
  expect(new URL(submission.eventsUrl).pathname).toBe('/sub/submissions/s1/events')
  for (const url of Object.values(submission))
    expect(tokens.submission.verify('s1', new URL(url).searchParams.get('token') ?? '')).toBe(true)
})

test('a submission with a file has the links of its asset', () => {
  expect(links.submission('s1', 'f1')).toEqual(links.asset('f1'))
})

test('the address of a submission has no token', () => {
  expect(links.submissionAddress('s1')).toBe('https://tracker.example/sub/submissions/s1')
})

test('a fileId with special characters, such as a slash, stays one path segment', () => {
  expect(links.asset('a/b?c#d ü').statusUrl).toContain('/assets/a%2Fb%3Fc%23d%20%C3%BC/status?token=')
})

test('the token of a webhook URL identifies its submission, and is invalid if it is changed', () => {
  const token = links.webhook('s1').split('/').at(-1) ?? ''
  expect(readWebhookToken(tokens, token)).toBe('s1')
  const forged = [
    token.slice(1),
    token.slice(0, -1),
    `s2${token.slice(2)}`,
    token.replace('.', ''),
    token.replace('.', '..'),
  ]
  for (const text of [...forged, '', '.', 's1', 's1.', `s1.${tokens.status.sign('s1')}`, `${token}.x`])
    expect(readWebhookToken(tokens, text)).toBeUndefined()
})

test('the public URL is read each time, because its port may not be known at first', () => {
  let port = 0
  const late = createLinks(() => `http://127.0.0.1:${port}`, tokens)
  port = 4711
  expect(late.submissionAddress('s1')).toBe('http://127.0.0.1:4711/submissions/s1')
})
