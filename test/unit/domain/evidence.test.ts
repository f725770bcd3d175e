import { describe, expect, test } from 'vitest'
import { asked, before, found, now, TAGGER, VERSION_2, weigh } from './evidence-facts.ts'
import { FILE } from './facts.ts'

const NO_CHANGE = { kind: 'unchanged', cause: 'no_change' }

describe('a tagger', () => {
  const tagged = now({ aiTags: { [TAGGER]: ['Shirt', 'Sleeve'] } })

  test('is shown by tags of its source where there were none', () => {
    expect(weigh(asked(TAGGER), before(), tagged)).toEqual(
      found({ kind: 'new_ai_tags', source: TAGGER, before: [], now: ['Shirt', 'Sleeve'] }),
    )
  })

  test('is shown by one new tag among those that were there', () => {
    const baseline = before({ aiTags: { [TAGGER]: ['Shirt', 'Hat'] } })
    expect(weigh(asked(TAGGER), baseline, tagged)).toEqual(
      found({ kind: 'new_ai_tags', source: TAGGER, before: ['Shirt', 'Hat'], now: ['Shirt', 'Sleeve'] }),
    )
  })

  test('is not shown by the tags that were there, by fewer of them, or by none', () => {
    const baseline = before({ aiTags: { [TAGGER]: ['Sleeve', 'Shirt', 'Hat'] } })
    expect(weigh(asked(TAGGER), baseline, tagged)).toEqual(NO_CHANGE)
    expect(weigh(asked(TAGGER), baseline, now())).toEqual(NO_CHANGE)
    expect(weigh(asked(TAGGER), before(), now({ aiTags: { [TAGGER]: [] } }))).toEqual(NO_CHANGE)
  })

  test('is not shown by the tags of another, by a description or by a version', () => {
    const seen = now({ aiTags: { 'google-auto-tagging': ['Shirt'] }, description: 'A shirt.', ...VERSION_2 })
    expect(weigh(asked(TAGGER), before(), seen)).toEqual(NO_CHANGE)
  })

  test('may be any extension whose name its tags bear', () => {
    const seen = now({ aiTags: { 'new-tagger': ['Shirt'] } })
    expect(weigh(asked('new-tagger'), before(), seen)).toMatchObject({ kind: 'evidence' })
    for (const name of ['constructor', 'toString', '__proto__', 'saved-extension'])
      expect(weigh(asked(name), before(), tagged)).toEqual(NO_CHANGE)
  })
})

describe('remove-bg', () => {
  const removed = now(VERSION_2)
  const version1 = { id: FILE, name: 'Version 1' }

  test('is shown by a newer version', () => {
    expect(weigh(asked('remove-bg'), before(), removed)).toEqual(
      found({ kind: 'newer_version', before: version1, now: { id: 'version-2', name: 'Version 2' } }),
    )
    const tenth = now({ versionId: 'version-10', versionName: 'Version 10' })
    const ninth = before({ versionId: 'version-9', versionName: 'Version 9' })
    expect(weigh(asked('remove-bg'), ninth, tenth)).toMatchObject({ kind: 'evidence' })
  })

  test('is not shown by a newer version that is not transparent, unless a background was asked for', () => {
    const opaque = now({ ...VERSION_2, hasAlpha: false })
    expect(weigh(asked('remove-bg'), before(), opaque)).toMatchObject({
      kind: 'explained',
      by: { kind: 'other_version' },
    })
    const filled = { ...asked('remove-bg'), mayFillBackground: true }
    expect(weigh(filled, before(), opaque)).toMatchObject({ kind: 'evidence' })
    const transparent = now({ ...VERSION_2, hasAlpha: true })
    expect(weigh(asked('remove-bg'), before(), transparent)).toMatchObject({ kind: 'evidence' })
  })

  test('is not shown by an older version that was restored, nor by another one of the same number', () => {
    expect(weigh(asked('remove-bg'), before(VERSION_2), now())).toEqual(NO_CHANGE)
    const same = now({ versionId: 'other', versionName: 'Version 1' })
    expect(weigh(asked('remove-bg'), before(), same)).toEqual(NO_CHANGE)
  })

  test('is shown by another version where the names do not tell which is newer', () => {
    for (const versionName of [null, 'Final', 'Version two', 'Version 2b']) {
      const seen = now({ versionId: 'version-2', versionName })
      expect(weigh(asked('remove-bg'), before(), seen)).toMatchObject({ kind: 'evidence' })
    }
  })

  test('is not shown where a version was or is not told', () => {
    expect(weigh(asked('remove-bg'), before({ versionId: null }), removed)).toEqual(NO_CHANGE)
    expect(weigh(asked('remove-bg'), before(), now({ ...VERSION_2, versionId: null }))).toEqual(NO_CHANGE)
  })

  test('is not shown by tags of its name', () => {
    expect(weigh(asked('remove-bg'), before(), now({ aiTags: { 'remove-bg': ['x'] } }))).toEqual(NO_CHANGE)
  })
})

describe('ai-auto-description', () => {
  const run = asked('ai-auto-description')
  const described = now({ description: 'A red shirt.' })

  test('is shown by a description that was set or changed', () => {
    const evidence = { kind: 'new_description', now: 'A red shirt.' } as const
    expect(weigh(run, before(), described)).toEqual(found({ ...evidence, before: null }))
    expect(weigh(run, before({ description: '' }), described)).toEqual(found({ ...evidence, before: '' }))
    expect(weigh(run, before({ description: 'Old.' }), described)).toEqual(
      found({ ...evidence, before: 'Old.' }),
    )
  })

  test('is not shown by one that is the same, or empty, or gone', () => {
    expect(weigh(run, before({ description: ' A red shirt.\n' }), described)).toEqual(NO_CHANGE)
    for (const description of [null, '', ' \n'])
      expect(weigh(run, before({ description: 'Old.' }), now({ description }))).toEqual(NO_CHANGE)
  })
})

describe('an extension that leaves no mark of its own', () => {
  test('is never shown', () => {
    const seen = now({ ...VERSION_2, aiTags: { 'ai-tasks': ['x'] }, description: 'A shirt.' })
    expect(weigh(asked('ai-tasks'), before(), seen)).toEqual({ kind: 'unchanged', cause: 'no_rule' })
    expect(weigh(asked('unheard-of'), before(), seen)).toEqual(NO_CHANGE)
  })
})
