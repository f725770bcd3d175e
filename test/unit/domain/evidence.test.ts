import { describe, expect, test } from 'vitest'
import { mayFillBackground } from '../../../src/domain/evidence.ts'
import { assess, assessedRun, before, evidenceAssessment, now, TAGGER, VERSION_2 } from './evidence-facts.ts'
import { FILE } from './facts.ts'

const NO_CHANGE = { kind: 'unchanged', cause: 'no_change' }

describe('the success of a tagger', () => {
  const tagged = now({ aiTags: { [TAGGER]: ['Shirt', 'Sleeve'] } })

  test('is proved by tags of its source if there were none before', () => {
    expect(assess(assessedRun(TAGGER), before(), tagged)).toEqual(
      evidenceAssessment({ kind: 'new_ai_tags', source: TAGGER, before: [], now: ['Shirt', 'Sleeve'] }),
    )
  })

  test('is proved by one new tag among those that existed before', () => {
    const baseline = before({ aiTags: { [TAGGER]: ['Shirt', 'Hat'] } })
    expect(assess(assessedRun(TAGGER), baseline, tagged)).toEqual(
      evidenceAssessment({
        kind: 'new_ai_tags',
        source: TAGGER,
        before: ['Shirt', 'Hat'],
        now: ['Shirt', 'Sleeve'],
      }),
    )
  })

  test('is not proved by a part of the earlier tags, or by none', () => {
    const baseline = before({ aiTags: { [TAGGER]: ['Sleeve', 'Shirt', 'Hat'] } })
    expect(assess(assessedRun(TAGGER), baseline, tagged)).toEqual(NO_CHANGE)
    expect(assess(assessedRun(TAGGER), baseline, now())).toEqual(NO_CHANGE)
    expect(assess(assessedRun(TAGGER), before(), now({ aiTags: { [TAGGER]: [] } }))).toEqual(NO_CHANGE)
  })

  test('is not proved by another source’s tags, a description or a version', () => {
    const file = now({ aiTags: { 'google-auto-tagging': ['Shirt'] }, description: 'A shirt.', ...VERSION_2 })
    expect(assess(assessedRun(TAGGER), before(), file)).toEqual(NO_CHANGE)
  })

  test('is proved for any extension without a rule of its own by new tags with its name as their source, but not by other tags, even if it has the name of an inherited property', () => {
    const file = now({ aiTags: { 'new-tagger': ['Shirt'] } })
    expect(assess(assessedRun('new-tagger'), before(), file)).toMatchObject({ kind: 'evidence' })
    for (const name of ['constructor', 'toString', '__proto__', 'saved-extension'])
      expect(assess(assessedRun(name), before(), tagged)).toEqual(NO_CHANGE)
  })
})

describe('the success of remove-bg', () => {
  const removed = now(VERSION_2)
  const version1 = { id: FILE, name: 'Version 1' }

  test('is proved by a newer version', () => {
    expect(assess(assessedRun('remove-bg'), before(), removed)).toEqual(
      evidenceAssessment({
        kind: 'newer_version',
        before: version1,
        now: { id: 'version-2', name: 'Version 2' },
      }),
    )
    const tenth = now({ versionId: 'version-10', versionName: 'Version 10' })
    const ninth = before({ versionId: 'version-9', versionName: 'Version 9' })
    expect(assess(assessedRun('remove-bg'), ninth, tenth)).toMatchObject({ kind: 'evidence' })
  })

  test('is not proved by a newer version without transparency, unless a background may have been requested', () => {
    const opaque = now({ ...VERSION_2, hasAlpha: false })
    expect(assess(assessedRun('remove-bg'), before(), opaque)).toMatchObject({
      kind: 'explained',
      by: { kind: 'other_version' },
    })
    const filled = { ...assessedRun('remove-bg'), mayFillBackground: true }
    expect(assess(filled, before(), opaque)).toMatchObject({ kind: 'evidence' })
    const transparent = now({ ...VERSION_2, hasAlpha: true })
    expect(assess(assessedRun('remove-bg'), before(), transparent)).toMatchObject({ kind: 'evidence' })
  })

  test('is not proved by a restored older version, nor by another version with the same number', () => {
    expect(assess(assessedRun('remove-bg'), before(VERSION_2), now())).toEqual(NO_CHANGE)
    const same = now({ versionId: 'other', versionName: 'Version 1' })
    expect(assess(assessedRun('remove-bg'), before(), same)).toEqual(NO_CHANGE)
  })

  test('is proved by another version if the names do not say which is newer', () => {
    for (const versionName of [null, 'Final', 'Version two', 'Version 2b']) {
      const file = now({ versionId: 'version-2', versionName })
      expect(assess(assessedRun('remove-bg'), before(), file)).toMatchObject({ kind: 'evidence' })
    }
  })

  test('is not proved if the version before or the version now is not reported', () => {
    expect(assess(assessedRun('remove-bg'), before({ versionId: null }), removed)).toEqual(NO_CHANGE)
    expect(assess(assessedRun('remove-bg'), before(), now({ ...VERSION_2, versionId: null }))).toEqual(
      NO_CHANGE,
    )
  })

  test('is not proved by tags whose source is remove-bg', () => {
    expect(assess(assessedRun('remove-bg'), before(), now({ aiTags: { 'remove-bg': ['x'] } }))).toEqual(
      NO_CHANGE,
    )
  })
})

describe('the success of ai-auto-description', () => {
  const run = assessedRun('ai-auto-description')
  const described = now({ description: 'A red shirt.' })

  test('is proved by a description that was set or changed', () => {
    const evidence = { kind: 'new_description', now: 'A red shirt.' } as const
    expect(assess(run, before(), described)).toEqual(evidenceAssessment({ ...evidence, before: null }))
    expect(assess(run, before({ description: '' }), described)).toEqual(
      evidenceAssessment({ ...evidence, before: '' }),
    )
    expect(assess(run, before({ description: 'Old.' }), described)).toEqual(
      evidenceAssessment({ ...evidence, before: 'Old.' }),
    )
  })

  test('is not proved by a description that is empty, removed, or the same except for whitespace around it', () => {
    expect(assess(run, before({ description: ' A red shirt.\n' }), described)).toEqual(NO_CHANGE)
    for (const description of [null, '', ' \n'])
      expect(assess(run, before({ description: 'Old.' }), now({ description }))).toEqual(NO_CHANGE)
  })
})

describe('the success of an extension that leaves no recognisable trace', () => {
  test('is not proved by any change of the file; the success of an unknown extension is proved only by tags of its own', () => {
    const file = now({ ...VERSION_2, aiTags: { 'ai-tasks': ['x'] }, description: 'A shirt.' })
    expect(assess(assessedRun('ai-tasks'), before(), file)).toEqual({ kind: 'unchanged', cause: 'no_rule' })
    expect(assess(assessedRun('unknown-extension'), before(), file)).toEqual(NO_CHANGE)
  })
})

test.each([
  [{ name: 'remove-bg', options: { bg_color: 'blue' } }],
  [{ name: 'remove-bg', options: { bg_image_url: 'https://example.com/sky.jpg' } }],
  [{ name: 'saved-extension', id: 'ext_1' }],
])('%j may request a background', (extension) => {
  expect(mayFillBackground([{ name: 'ai-tasks' }, extension])).toBe(true)
})

test.each([
  [{ name: 'remove-bg' }],
  [{ name: 'remove-bg', options: null }],
  [{ name: 'remove-bg', options: { add_shadow: true } }],
  [{ name: 'ai-tasks', options: { bg_color: 'blue' } }],
])('%j does not request a background', (extension) => {
  expect(mayFillBackground([extension])).toBe(false)
})
