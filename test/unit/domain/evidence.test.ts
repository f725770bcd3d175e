import { describe, expect, test } from 'vitest'
import { mayFillBackground } from '../../../src/domain/evidence.ts'
import { asked, assess, before, found, now, TAGGER, VERSION_2 } from './evidence-facts.ts'
import { FILE } from './facts.ts'

const NO_CHANGE = { kind: 'unchanged', cause: 'no_change' }

describe('a tagger', () => {
  const tagged = now({ aiTags: { [TAGGER]: ['Shirt', 'Sleeve'] } })

  test('is proved by tags of its source if there were none before', () => {
    expect(assess(asked(TAGGER), before(), tagged)).toEqual(
      found({ kind: 'new_ai_tags', source: TAGGER, before: [], now: ['Shirt', 'Sleeve'] }),
    )
  })

  test('is proved by one new tag among those that existed before', () => {
    const baseline = before({ aiTags: { [TAGGER]: ['Shirt', 'Hat'] } })
    expect(assess(asked(TAGGER), baseline, tagged)).toEqual(
      found({ kind: 'new_ai_tags', source: TAGGER, before: ['Shirt', 'Hat'], now: ['Shirt', 'Sleeve'] }),
    )
  })

  test('is not proved by the earlier tags, fewer of them, or none', () => {
    const baseline = before({ aiTags: { [TAGGER]: ['Sleeve', 'Shirt', 'Hat'] } })
    expect(assess(asked(TAGGER), baseline, tagged)).toEqual(NO_CHANGE)
    expect(assess(asked(TAGGER), baseline, now())).toEqual(NO_CHANGE)
    expect(assess(asked(TAGGER), before(), now({ aiTags: { [TAGGER]: [] } }))).toEqual(NO_CHANGE)
  })

  test('is not proved by another source’s tags, a description or a version', () => {
    const seen = now({ aiTags: { 'google-auto-tagging': ['Shirt'] }, description: 'A shirt.', ...VERSION_2 })
    expect(assess(asked(TAGGER), before(), seen)).toEqual(NO_CHANGE)
  })

  test('may be any extension whose name is the source of its tags', () => {
    const seen = now({ aiTags: { 'new-tagger': ['Shirt'] } })
    expect(assess(asked('new-tagger'), before(), seen)).toMatchObject({ kind: 'evidence' })
    for (const name of ['constructor', 'toString', '__proto__', 'saved-extension'])
      expect(assess(asked(name), before(), tagged)).toEqual(NO_CHANGE)
  })
})

describe('remove-bg', () => {
  const removed = now(VERSION_2)
  const version1 = { id: FILE, name: 'Version 1' }

  test('is proved by a newer version', () => {
    expect(assess(asked('remove-bg'), before(), removed)).toEqual(
      found({ kind: 'newer_version', before: version1, now: { id: 'version-2', name: 'Version 2' } }),
    )
    const tenth = now({ versionId: 'version-10', versionName: 'Version 10' })
    const ninth = before({ versionId: 'version-9', versionName: 'Version 9' })
    expect(assess(asked('remove-bg'), ninth, tenth)).toMatchObject({ kind: 'evidence' })
  })

  test('is not proved by a newer version without transparency, unless a background was requested', () => {
    const opaque = now({ ...VERSION_2, hasAlpha: false })
    expect(assess(asked('remove-bg'), before(), opaque)).toMatchObject({
      kind: 'explained',
      by: { kind: 'other_version' },
    })
    const filled = { ...asked('remove-bg'), mayFillBackground: true }
    expect(assess(filled, before(), opaque)).toMatchObject({ kind: 'evidence' })
    const transparent = now({ ...VERSION_2, hasAlpha: true })
    expect(assess(asked('remove-bg'), before(), transparent)).toMatchObject({ kind: 'evidence' })
  })

  test('is not proved by a restored older version, nor by another one of the same number', () => {
    expect(assess(asked('remove-bg'), before(VERSION_2), now())).toEqual(NO_CHANGE)
    const same = now({ versionId: 'other', versionName: 'Version 1' })
    expect(assess(asked('remove-bg'), before(), same)).toEqual(NO_CHANGE)
  })

  test('is proved by another version if the names do not say which is newer', () => {
    for (const versionName of [null, 'Final', 'Version two', 'Version 2b']) {
      const seen = now({ versionId: 'version-2', versionName })
      expect(assess(asked('remove-bg'), before(), seen)).toMatchObject({ kind: 'evidence' })
    }
  })

  test('is not proved if a version is not reported before or now', () => {
    expect(assess(asked('remove-bg'), before({ versionId: null }), removed)).toEqual(NO_CHANGE)
    expect(assess(asked('remove-bg'), before(), now({ ...VERSION_2, versionId: null }))).toEqual(NO_CHANGE)
  })

  test('is not proved by tags with its name', () => {
    expect(assess(asked('remove-bg'), before(), now({ aiTags: { 'remove-bg': ['x'] } }))).toEqual(NO_CHANGE)
  })
})

describe('ai-auto-description', () => {
  const run = asked('ai-auto-description')
  const described = now({ description: 'A red shirt.' })

  test('is proved by a description that was set or changed', () => {
    const evidence = { kind: 'new_description', now: 'A red shirt.' } as const
    expect(assess(run, before(), described)).toEqual(found({ ...evidence, before: null }))
    expect(assess(run, before({ description: '' }), described)).toEqual(found({ ...evidence, before: '' }))
    expect(assess(run, before({ description: 'Old.' }), described)).toEqual(
      found({ ...evidence, before: 'Old.' }),
    )
  })

  test('is not proved by a description that is the same, empty or removed', () => {
    expect(assess(run, before({ description: ' A red shirt.\n' }), described)).toEqual(NO_CHANGE)
    for (const description of [null, '', ' \n'])
      expect(assess(run, before({ description: 'Old.' }), now({ description }))).toEqual(NO_CHANGE)
  })
})

describe('an extension without recognisable traces', () => {
  test('is never proved', () => {
    const seen = now({ ...VERSION_2, aiTags: { 'ai-tasks': ['x'] }, description: 'A shirt.' })
    expect(assess(asked('ai-tasks'), before(), seen)).toEqual({ kind: 'unchanged', cause: 'no_rule' })
    expect(assess(asked('unknown-extension'), before(), seen)).toEqual(NO_CHANGE)
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
