import fc from 'fast-check'
import type { Json } from '../../../src/domain/json.ts'
import type { FinalStatus } from '../../../src/domain/run.ts'

// Few values of each kind, and times that go back and forth and repeat, so that steps often concern the same things.

export const NAMES = ['remove-bg', 'ai-tasks', 'google-auto-tagging', 'saved-extension'] as const
export const FILES = ['A', 'B'] as const

/** An index that counts back from the newest item, which is chosen most often. */
export const recentIndex = fc.oneof(fc.constant(0), fc.nat({ max: 5 }))
export const time = fc.integer({ min: 1, max: 20 })
export const name = fc.constantFrom(...NAMES)
export const finalStatus = fc.constantFrom<FinalStatus>('success', 'failed')
export const file = fc.oneof(
  { arbitrary: fc.constant('A'), weight: 6 },
  { arbitrary: fc.constant('B'), weight: 2 },
  { arbitrary: fc.constant(null), weight: 3 },
)
/** The last one is too large: the store replaces it by its size. */
export const error = fc.constantFrom<Json>(null, { code: 'E1' }, { code: 'E2' }, { log: 'ü'.repeat(9_000) })

export const extensionStatus = fc
  .uniqueArray(fc.tuple(name, fc.constantFrom<'pending' | FinalStatus>('pending', 'success', 'failed')), {
    selector: ([extension]) => extension,
    maxLength: 3,
  })
  .map((statuses) => Object.fromEntries(statuses))
