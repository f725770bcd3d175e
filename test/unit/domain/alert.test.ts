import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Alert, alertMessageId, alertPauseMs, evaluateAlert } from '../../../src/domain/alert.ts'

const RULE = { threshold: 10, calmMs: 900 }

let ids = 0
const judge = (alert: Alert | undefined, value: number, now: number) =>
  evaluateAlert(alert, { kind: 'failures', extension: 'remove-bg', value }, RULE, {
    now,
    newId: () => `alert-${ids++}`,
  })

/** What was told of a course of measurements, each taken ten milliseconds after the one before, if telling succeeds. */
function toldOf(values: readonly number[], isTaken: (index: number) => boolean = () => true): string[] {
  const told: string[] = []
  let alert: Alert | undefined
  for (const [index, value] of values.entries()) {
    alert = judge(alert, value, index * 10)
    if (alert === undefined || alert.isTold || !isTaken(index)) continue
    told.push(alert.state)
    alert = alert.state === 'resolved' ? undefined : { ...alert, isTold: true }
  }
  return told
}
const steady = (value: number, times: number) => Array.from({ length: times }, () => value)

test('it fires at the threshold, not below, and once', () => {
  expect(toldOf(steady(9, 100))).toEqual([])
  expect(toldOf([9, 10, ...steady(11, 200), ...steady(10, 50)])).toEqual(['firing'])
})

test('it is over at once below half of the threshold', () => {
  expect(toldOf([10, 9, 6, 5])).toEqual(['firing'])
  expect(toldOf([10, 9, 6, 5, 4])).toEqual(['firing', 'resolved'])
})

test('it is over, too, when it has stayed below the threshold for the time of calm', () => {
  expect(toldOf([10, ...steady(9, 89)])).toEqual(['firing'])
  expect(toldOf([10, ...steady(9, 91)])).toEqual(['firing', 'resolved'])
})

test('what comes and goes around the threshold is told of once', () => {
  const flapping = Array.from({ length: 500 }, (_, index) => (index % 3 === 0 ? 10 : 6))
  expect(toldOf(flapping)).toEqual(['firing'])
})

test('of a threshold of one it is over when nothing is left', () => {
  const one = (alert: Alert | undefined, value: number) =>
    evaluateAlert(
      alert,
      { kind: 'failures', extension: '', value },
      { threshold: 1, calmMs: 900 },
      { now: 0, newId: () => 'a' },
    )
  const firing = one(undefined, 1)
  expect(firing?.state).toBe('firing')
  expect(one(firing, 0)?.state).toBe('resolved')
})

test('it keeps since when it is the matter, and says when it was over and what was measured then', () => {
  const firing = judge(undefined, 12, 1_000)
  expect(firing).toMatchObject({ since: 1_000, resolvedAt: null, value: 12, isTold: false })
  const later = judge(firing && { ...firing, isTold: true }, 30, 1_500)
  expect(later).toMatchObject({ since: 1_000, value: 12, isTold: true, passedAt: 1_500 })
  expect(judge(later, 2, 2_000)).toMatchObject({
    alertId: firing?.alertId,
    state: 'resolved',
    since: 1_000,
    resolvedAt: 2_000,
    value: 2,
    isTold: false,
  })
})

test('it is over in time though the clock has been set back by a day since it fired', () => {
  const day = 86_400_000
  const firing = judge(undefined, 12, day)
  const noted = judge(firing, 12, 1_000)
  expect(noted).toMatchObject({ state: 'firing', passedAt: 1_000 })
  expect(judge(noted, 7, 1_899)).toBe(noted)
  expect(judge(noted, 7, 1_900)?.state).toBe('resolved')
})

test('nothing is to be written down while nothing has changed', () => {
  const firing = judge(undefined, 12, 1_000)
  expect(judge(firing, 12, 1_001)).toBe(firing)
  expect(judge(firing, 7, 1_200)).toBe(firing)
  const resolved = judge(firing, 1, 1_300)
  expect(judge(resolved, 1, 9_000)).toBe(resolved)
})

test('what fires again before its end could be told is another one, with another id', () => {
  const firing = judge(undefined, 12, 0)
  const resolved = judge(firing, 0, 100)
  const again = judge(resolved, 12, 200)
  expect(again).toMatchObject({ state: 'firing', since: 200, isTold: false })
  expect(again && firing && alertMessageId(again) === alertMessageId(firing)).toBe(false)
  expect(firing && resolved && alertMessageId(firing) === alertMessageId(resolved)).toBe(false)
})

test('firing and resolved are told in turns, and the last word is the present state, whatever happens', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean()), { maxLength: 200 }), (course) => {
      const values = course.map(([value]) => value)
      const inTurns = toldOf(values)
      for (const [index, state] of inTurns.entries()) expect(state).toBe(index % 2 ? 'resolved' : 'firing')
      // With an address that takes some of it, and all at the end: whoever heard of it firing hears of its end.
      const told = toldOf([...values, 0, 0], (index) => index >= values.length || course[index]?.[1] === true)
      if (told.includes('firing')) expect(told.at(-1)).toBe('resolved')
    }),
  )
})

test('a dead address is tried less and less often, and at least every five minutes', () => {
  expect([1, 2, 3, 7, 50].map((failed) => alertPauseMs(failed, null))).toEqual([
    5_000, 10_000, 20_000, 300_000, 300_000,
  ])
  expect(alertPauseMs(1, 60_000)).toBe(60_000)
  expect(alertPauseMs(1, 86_400_000)).toBe(300_000)
})
