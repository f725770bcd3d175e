import { expect, test } from 'vitest'
import { createOverloadLog } from '../../../src/http/overload-log.ts'

test('the first rejection is logged at once; the others are counted in one line per interval; nothing is logged for an interval without rejections', () => {
  const lines: object[] = []
  const timers: (() => void)[] = []
  const logRejection = createOverloadLog({ warn: (fields) => void lines.push(fields) }, (_ms, task) => {
    timers.push(task)
    return () => {}
  })
  logRejection('waiting')
  for (let count = 0; count < 500; count += 1) logRejection('waiting')
  logRejection('connections')
  expect(lines).toEqual([{ event: 'load.rejected', rejected: { waiting: 1 } }])
  timers.shift()?.()
  expect(lines[1]).toEqual({ event: 'load.rejected', rejected: { waiting: 500, connections: 1 } })
  timers.shift()?.()
  expect(timers).toHaveLength(0)
  logRejection('waiting')
  expect(lines).toHaveLength(3)
})
