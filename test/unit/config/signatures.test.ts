import { expect, test } from 'vitest'
import { LOCAL, parse, problemsOf, SIGNING_SECRET } from './parse-env.ts'

test('without TRACKER_WEBHOOK_SECRET there is a warning that notifications are not signed', () => {
  expect(parse(LOCAL).warnings).toEqual([expect.stringMatching(/^TRACKER_WEBHOOK_SECRET is not set/)])
  expect(parse({ ...LOCAL, TRACKER_WEBHOOK_SECRET: SIGNING_SECRET }).warnings).toEqual([])
})

test.each([
  ['without its prefix', SIGNING_SECRET.slice('whsec_'.length)],
  ['that is not base64', 'whsec_not base64!'],
  ['that is short', `whsec_${Buffer.alloc(8).toString('base64')}`],
  ['with an empty entry', `${SIGNING_SECRET},`],
])(
  'a TRACKER_WEBHOOK_SECRET %s is a problem, whose text does not contain it',
  (_, TRACKER_WEBHOOK_SECRET) => {
    const problems = problemsOf({ ...LOCAL, TRACKER_WEBHOOK_SECRET })
    expect(problems).toEqual([expect.stringMatching(/^TRACKER_WEBHOOK_SECRET: secret \d /)])
    expect(problems.join()).not.toContain(TRACKER_WEBHOOK_SECRET.slice('whsec_'.length, 15))
  },
)

test('signatures can be required only if there is a secret to verify them', () => {
  const required = { ...LOCAL, REQUIRE_EXTENSION_SIGNATURE: 'true' }
  expect(problemsOf(required)).toEqual([expect.stringMatching(/^REQUIRE_EXTENSION_SIGNATURE: needs /)])
  expect(parse({ ...required, IMAGEKIT_WEBHOOK_SECRET: 'whsec_0123456789' }).signatures).toEqual({
    secrets: ['whsec_0123456789'],
    requireOnExtensionWebhooks: true,
  })
})

test('an empty IMAGEKIT_WEBHOOK_SECRET entry is a problem, because anyone could sign with it', () => {
  expect(problemsOf({ ...LOCAL, IMAGEKIT_WEBHOOK_SECRET: 'whsec_0123456789,,whsec_9876543210' })).toEqual([
    expect.stringMatching(/^IMAGEKIT_WEBHOOK_SECRET: has an empty entry/),
  ])
})

test('IMAGEKIT_WEBHOOK_SECRET must have at least 16 characters', () => {
  expect(problemsOf({ ...LOCAL, IMAGEKIT_WEBHOOK_SECRET: 'whsec_0123456789,whsec_012345678' })).toEqual([
    'IMAGEKIT_WEBHOOK_SECRET: secret 2 is shorter than 16 characters',
  ])
})
