import { expect, test } from 'vitest'
import { LOCAL, parse, problemsOf, SIGNING } from './parsed.ts'

test.each(['off', 'read', 'all'])('IMAGEKIT_PASSTHROUGH=%s is reported to have no effect yet', (value) => {
  const env = { ...LOCAL, TRACKER_WEBHOOK_SECRET: SIGNING, IMAGEKIT_PASSTHROUGH: value }
  expect(parse(env).warnings).toEqual(['IMAGEKIT_PASSTHROUGH has no effect yet'])
})

test('any other value of IMAGEKIT_PASSTHROUGH is a problem that says so too', () => {
  expect(problemsOf({ ...LOCAL, IMAGEKIT_PASSTHROUGH: 'yes' })).toEqual([
    expect.stringMatching(/^IMAGEKIT_PASSTHROUGH: .*no effect yet/),
  ])
})

test('that callers are told unsigned things is warned at the start, unless there is a secret', () => {
  expect(parse(LOCAL).warnings).toEqual([expect.stringMatching(/^TRACKER_WEBHOOK_SECRET is not set/)])
  expect(parse({ ...LOCAL, TRACKER_WEBHOOK_SECRET: SIGNING }).warnings).toEqual([])
})

test.each([
  ['without its prefix', SIGNING.slice('whsec_'.length)],
  ['that is no base64', 'whsec_not base64!'],
  ['that is short', `whsec_${Buffer.alloc(8).toString('base64')}`],
  ['beside an empty one', `${SIGNING},`],
])('a secret %s cannot sign what callers are told', (_, TRACKER_WEBHOOK_SECRET) => {
  const problems = problemsOf({ ...LOCAL, TRACKER_WEBHOOK_SECRET })
  expect(problems).toEqual([expect.stringMatching(/^TRACKER_WEBHOOK_SECRET: secret \d /)])
  expect(problems.join()).not.toContain('AAAA')
})

test('a signature that could not be checked may not be required', () => {
  const required = { ...LOCAL, REQUIRE_EXTENSION_SIGNATURE: 'true' }
  expect(problemsOf(required)).toEqual([expect.stringMatching(/^REQUIRE_EXTENSION_SIGNATURE: needs /)])
  expect(parse({ ...required, IMAGEKIT_WEBHOOK_SECRET: 'whsec_0123456789' }).signatures).toEqual({
    secrets: ['whsec_0123456789'],
    requireOnExtensions: true,
  })
})

test('an empty secret of ImageKit is a problem, for everybody would know it', () => {
  expect(problemsOf({ ...LOCAL, IMAGEKIT_WEBHOOK_SECRET: 'whsec_0123456789,,whsec_9876543210' })).toEqual([
    expect.stringMatching(/^IMAGEKIT_WEBHOOK_SECRET: has an empty entry/),
  ])
})

test('a secret of ImageKit has at least 16 characters', () => {
  expect(problemsOf({ ...LOCAL, IMAGEKIT_WEBHOOK_SECRET: 'whsec_0123456789,whsec_012345678' })).toEqual([
    'IMAGEKIT_WEBHOOK_SECRET: secret 2 is shorter than 16 characters',
  ])
})
