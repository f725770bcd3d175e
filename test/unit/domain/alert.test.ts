import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Alert, alertMessageId, alertPauseMs, evaluateAlert } from '../../../src/domain/alert.ts'

const RULE = { threshold: 10, calmMs: 900 }

let idCount = 0
const evaluate = (alert: Alert | undefined, value: number, now: number) =>
  evaluateAlert(alert, { kind: 'failures', extension: 'remove-bg', value }, RULE, {
    now,
    newId: () => `alert-${idCount++}`,
  })

/**
 * The states that the receiver accepts in a series of measurements ten milliseconds apart. `isAccepted`: whether it accepts a report sent
 * after the measurement with this index.
 */
function reportsOf(values: readonly number[], isAccepted: (index: number) => boolean = () => true): string[] {
  const reported: string[] = []
  let alert: Alert | undefined
  for (const [index, value] of values.entries()) {
    alert = evaluate(alert, value, index * 10)
    if (alert === undefined || alert.isReported || !isAccepted(index)) continue
    reported.push(alert.state)
    alert = alert.state === 'resolved' ? undefined : { ...alert, isReported: true }
  }
  return reported
}
const steady = (value: number, times: number) => Array.from({ length: times }, () => value)

test('an alert fires at the threshold, not below, and only once while the value is not below it', () => {
  expect(reportsOf(steady(9, 100))).toEqual([])
  expect(reportsOf([9, 10, ...steady(11, 200), ...steady(10, 50)])).toEqual(['firing'])
})

test('an alert resolves at once below half of the threshold', () => {
  expect(reportsOf([10, 9, 6, 5])).toEqual(['firing'])
  expect(reportsOf([10, 9, 6, 5, 4])).toEqual(['firing', 'resolved'])
})

test('an alert also resolves when the value has stayed below the threshold for `calmMs`', () => {
  expect(reportsOf([10, ...steady(9, 89)])).toEqual(['firing'])
  expect(reportsOf([10, ...steady(9, 91)])).toEqual(['firing', 'resolved'])
})

test('a value that hovers around the threshold is reported once', () => {
  const flapping = Array.from({ length: 500 }, (_, index) => (index % 3 === 0 ? 10 : 6))
  expect(reportsOf(flapping)).toEqual(['firing'])
})

test('an alert with a threshold of one resolves at zero', () => {
  const evaluateWithThresholdOne = (alert: Alert | undefined, value: number) =>
    evaluateAlert(
      alert,
      { kind: 'failures', extension: '', value },
      { threshold: 1, calmMs: 900 },
      { now: 0, newId: () => 'a' },
    )
  const firing = evaluateWithThresholdOne(undefined, 1)
  expect(firing?.state).toBe('firing')
  expect(evaluateWithThresholdOne(firing, 0)?.state).toBe('resolved')
})

test('an alert keeps the time at which it fired, and gets the time and the value at which it resolved', () => {
  const firing = evaluate(undefined, 12, 1_000)
  expect(firing).toMatchObject({ since: 1_000, resolvedAt: null, value: 12, isReported: false })
  const later = evaluate(firing && { ...firing, isReported: true }, 30, 1_500)
  expect(later).toMatchObject({ since: 1_000, value: 12, isReported: true, passedAt: 1_500 })
  expect(evaluate(later, 2, 2_000)).toMatchObject({
    alertId: firing?.alertId,
    state: 'resolved',
    since: 1_000,
    resolvedAt: 2_000,
    value: 2,
    isReported: false,
  })
})

test('if the value is still at or above the threshold after the clock was set back by a day, the alert resolves once the value has then been below it for `calmMs`', () => {
  const day = 86_400_000
  const firing = evaluate(undefined, 12, day)
  const checked = evaluate(firing, 12, 1_000)
  expect(checked).toMatchObject({ state: 'firing', passedAt: 1_000 })
  expect(evaluate(checked, 7, 1_899)).toBe(checked)
  expect(evaluate(checked, 7, 1_900)?.state).toBe('resolved')
})

test('the same object is returned while nothing has to be written', () => {
  const firing = evaluate(undefined, 12, 1_000)
  expect(evaluate(firing, 12, 1_001)).toBe(firing)
  expect(evaluate(firing, 7, 1_200)).toBe(firing)
  const resolved = evaluate(firing, 1, 1_300)
  expect(evaluate(resolved, 1, 9_000)).toBe(resolved)
})

test('an alert that fires again before its resolution was reported is a new alert, and each report has its own id', () => {
  const firing = evaluate(undefined, 12, 0)
  const resolved = evaluate(firing, 0, 100)
  const again = evaluate(resolved, 12, 200)
  expect(again).toMatchObject({ state: 'firing', since: 200, isReported: false })
  expect(again && firing && alertMessageId(again) === alertMessageId(firing)).toBe(false)
  expect(firing && resolved && alertMessageId(firing) === alertMessageId(resolved)).toBe(false)
})

test('firing and resolved alternate if every report is accepted; if only some are, and at least one firing, the receiver gets a resolved one last, once the value is zero and it accepts again', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean()), { maxLength: 200 }), (measurements) => {
      const values = measurements.map(([value]) => value)
      const states = reportsOf(values)
      for (const [index, state] of states.entries()) expect(state).toBe(index % 2 ? 'resolved' : 'firing')
      // A receiver that accepts some reports, and all at the end, when the value is zero.
      const reported = reportsOf(
        [...values, 0, 0],
        (index) => index >= values.length || measurements[index]?.[1] === true,
      )
      if (reported.includes('firing')) expect(reported.at(-1)).toBe('resolved')
    }),
  )
})

test('a failed report is retried after a growing pause, or the longer one that the receiver requests, of at most five minutes', () => {
  expect([1, 2, 3, 7, 50].map((failedCount) => alertPauseMs(failedCount, null))).toEqual([
    5_000, 10_000, 20_000, 300_000, 300_000,
  ])
  expect(alertPauseMs(1, 60_000)).toBe(60_000)
  expect(alertPauseMs(1, 86_400_000)).toBe(300_000)
})
