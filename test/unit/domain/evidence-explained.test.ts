import { describe, expect, test } from 'vitest'
import { another, asked, assess, before, now, TAGGER, VERSION_2 } from './evidence-facts.ts'

const CASES = [
  { name: TAGGER, seen: now({ aiTags: { [TAGGER]: ['Shirt'] } }) },
  { name: 'remove-bg', seen: now(VERSION_2) },
  { name: 'ai-auto-description', seen: now({ description: 'A red shirt.' }) },
]

describe.each(CASES)('the evidence for $name', ({ name, seen }) => {
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

  test('counts if the others requested something else', () => {
    const names = ['ai-tasks', ...CASES.map((one) => one.name).filter((other) => other !== name)]
    const assessment = assess(asked(name), before(), seen, [another({ extensions: names })])
    expect(assessment).toMatchObject({ kind: 'evidence' })
  })

  test('counts if another submission has set a description, unless it is the description', () => {
    const assessment = assess(asked(name), before(), seen, [another({ setsDescription: true })])
    const isDescription = name === 'ai-auto-description'
    expect(assessment).toMatchObject(isDescription ? { kind: 'explained', by } : { kind: 'evidence' })
  })
})

describe('a version that none of our submissions may have made', () => {
  const explainedByVersion = {
    kind: 'explained',
    by: { kind: 'other_version' },
  }
  const traces = { aiTags: { [TAGGER]: ['Shirt'] }, description: 'A red shirt.' }

  test.each([TAGGER, 'ai-auto-description'])('explains the evidence for %s', (name) => {
    expect(assess(asked(name), before(), now({ ...VERSION_2, ...traces }))).toMatchObject(explainedByVersion)
    expect(assess(asked(name, 'ai-tasks'), before(VERSION_2), now(traces))).toMatchObject(explainedByVersion)
    expect(assess(asked(name, 'remove-bg'), before(VERSION_2), now(traces))).toMatchObject(explainedByVersion)
  })

  test.each([TAGGER, 'ai-auto-description'])(
    'is not assumed if remove-bg may have made the version, so the evidence for %s counts',
    (name) => {
      const seen = now({ ...VERSION_2, ...traces })
      const counted = { kind: 'evidence' }
      expect(assess(asked(name, 'remove-bg'), before(), seen)).toMatchObject(counted)
      expect(assess(asked(name, 'saved-extension'), before(), seen)).toMatchObject(counted)
      const other = another({ extensions: ['remove-bg'] })
      expect(assess(asked(name), before(), seen, [other])).toMatchObject(counted)
    },
  )

  test('is not assumed if versions are not reported', () => {
    const seen = now({ ...traces, versionId: null })
    expect(assess(asked(TAGGER), before(), seen)).toMatchObject({ kind: 'evidence' })
  })
})
