import { describe, expect, test } from 'vitest'
import { another, asked, assess, before, now, TAGGER, VERSION_2 } from './evidence-facts.ts'

const SHOWN = [
  { name: TAGGER, seen: now({ aiTags: { [TAGGER]: ['Shirt'] } }) },
  { name: 'remove-bg', seen: now(VERSION_2) },
  { name: 'ai-auto-description', seen: now({ description: 'A red shirt.' }) },
]

describe.each(SHOWN)('the evidence for $name', ({ name, seen }) => {
  const by = { kind: 'submission', submissionId: 'submission-2' }

  test('is explained if another submission may have run the same extension', () => {
    for (const extensions of [[name], ['ai-tasks', name], ['saved-extension']]) {
      const assessment = assess(asked(name), before(), seen, [another({ extensions })])
      expect(assessment).toMatchObject({ kind: 'explained', by })
    }
  })

  test('is explained if another submission may have replaced the file', () => {
    const assessment = assess(asked(name), before(), seen, [another({ replacesFile: true })])
    expect(assessment).toMatchObject({ kind: 'explained', by })
  })

  test('counts if the others have done something else', () => {
    const names = ['ai-tasks', ...SHOWN.map((shown) => shown.name).filter((other) => other !== name)]
    const assessment = assess(asked(name), before(), seen, [another({ extensions: names })])
    expect(assessment).toMatchObject({ kind: 'evidence' })
  })

  test('counts if another submission has set a description, unless it is the description', () => {
    const assessment = assess(asked(name), before(), seen, [another({ setsDescription: true })])
    const isDescription = name === 'ai-auto-description'
    expect(assessment).toMatchObject(isDescription ? { kind: 'explained', by } : { kind: 'evidence' })
  })
})

describe('a version that none of our submissions made', () => {
  const foreign = {
    kind: 'explained',
    by: { kind: 'other_version' },
  }
  const marks = { aiTags: { [TAGGER]: ['Shirt'] }, description: 'A red shirt.' }

  test.each([TAGGER, 'ai-auto-description'])('may have brought the evidence for %s', (name) => {
    expect(assess(asked(name), before(), now({ ...VERSION_2, ...marks }))).toMatchObject(foreign)
    expect(assess(asked(name, 'ai-tasks'), before(VERSION_2), now(marks))).toMatchObject(foreign)
    expect(assess(asked(name, 'remove-bg'), before(VERSION_2), now(marks))).toMatchObject(foreign)
  })

  test.each([TAGGER, 'ai-auto-description'])(
    'is excluded if remove-bg may have made it, so that the evidence for %s counts',
    (name) => {
      const seen = now({ ...VERSION_2, ...marks })
      const shown = { kind: 'evidence' }
      expect(assess(asked(name, 'remove-bg'), before(), seen)).toMatchObject(shown)
      expect(assess(asked(name, 'saved-extension'), before(), seen)).toMatchObject(shown)
      const other = another({ extensions: ['remove-bg'] })
      expect(assess(asked(name), before(), seen, [other])).toMatchObject(shown)
    },
  )

  test('does not exist if versions are not reported', () => {
    const seen = now({ ...marks, versionId: null })
    expect(assess(asked(TAGGER), before(), seen)).toMatchObject({ kind: 'evidence' })
  })
})
