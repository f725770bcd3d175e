import { expect, test } from 'vitest'
import { createHeartbeatSeries } from '../../../src/tracking/heartbeats.ts'

/** Whether heartbeats written at these seconds prove that silent processes have ended. */
function provesSilence(...seconds: number[]): boolean {
  const series = createHeartbeatSeries()
  for (const at of seconds) series.note(at * 1000)
  return series.provesSilence()
}

test.each([
  ['has written heartbeats for 30 seconds', [5, 15, 25, 35], true],
  ['has written them at uneven intervals of at most 15 seconds', [5, 18, 20, 35], true],
  ['has written them for longer', [5, 15, 25, 35, 45, 55], true],
  ['has just started', [35], false],
  ['started less than 30 seconds ago', [6, 16, 26, 35], false],
  ['could not write for a while, and perhaps no other could', [0, 10, 20, 30, 75], false],
  ['has been able to write again for less than 30 seconds', [0, 10, 20, 30, 75, 85, 95, 104], false],
  ['has been able to write again for 30 seconds', [0, 10, 20, 30, 75, 85, 95, 105], true],
  ['missed one heartbeat', [0, 10, 30, 40], false],
  ['has a clock that was set back', [0, 10, 20, 30, 25], false],
])(
  'a process that %s (heartbeats at seconds %j) can conclude that silent processes have ended: %s',
  (_, seconds, proves) => {
    expect(provesSilence(...seconds)).toBe(proves)
  },
)
