import { describe, expect, test } from 'vitest'
import { countUnnamed, findPlaceholder } from '../../../src/domain/saved-extension.ts'
import { aRun, frozen, requesting } from './facts.ts'

describe('the placeholder of a saved extension', () => {
  test.each(['pending', 'expired'] as const)('still waits for its real name while it is %s', (status) => {
    const placeholder = aRun({ runId: 'run-2', name: 'saved-extension', status })
    expect(findPlaceholder(frozen([aRun(), placeholder]))).toBe(placeholder)
  })

  test.each(['success', 'failed'] as const)(
    'no longer waits once ImageKit has reported it as %s',
    (status) => {
      expect(findPlaceholder(frozen([aRun({ name: 'saved-extension', status })]))).toBeUndefined()
    },
  )

  test('is not among runs requested by their own names', () => {
    expect(findPlaceholder(frozen(requesting('remove-bg', 'ai-tasks').runs))).toBeUndefined()
    expect(findPlaceholder([])).toBeUndefined()
  })
})

describe('the number of unnamed saved extensions', () => {
  const { submission, runs } = frozen(requesting('remove-bg', 'saved-extension', 'saved-extension'))

  test('is the number of those requested, while their placeholder waits and none of them has been named', () => {
    expect(countUnnamed(submission, runs)).toBe(2)
    const none = frozen(requesting('remove-bg'))
    expect(countUnnamed(none.submission, none.runs)).toBe(0)
  })

  test('is one less for each of them that has been named', () => {
    const named = frozen([
      ...runs,
      aRun({ runId: 'run-3', name: 'ai-tasks', requestedAs: 'saved-extension' }),
    ])
    expect(countUnnamed(submission, named)).toBe(1)
    expect(
      countUnnamed(submission, [
        ...named,
        aRun({ runId: 'run-4', name: 'aws-auto-tagging', requestedAs: 'saved-extension' }),
      ]),
    ).toBe(0)
  })

  test('is zero without a placeholder: their real names were known when they were requested', () => {
    const named = aRun({ name: 'ai-tasks', requestedAs: 'saved-extension' })
    expect(countUnnamed(submission, [named])).toBe(0)
  })
})
