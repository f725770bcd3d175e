import { describe, expect, test } from 'vitest'
import { another, assess, assessedRun, before, now, TAGGER, VERSION_2 } from './evidence-facts.ts'

const CASES = [
  { name: TAGGER, file: now({ aiTags: { [TAGGER]: ['Shirt'] } }) },
  { name: 'remove-bg', file: now(VERSION_2) },
  { name: 'ai-auto-description', file: now({ description: 'A red shirt.' }) },
]

describe.each(CASES)('the evidence for $name', ({ name, file }) => {
  const by = { kind: 'submission', submissionId: 'submission-2' }

  test('is explained if another submission may have run the same extension', () => {
    for (const extensions of [[name], ['ai-tasks', name], ['saved-extension']]) {
      const assessment = assess(assessedRun(name), before(), file, [another({ extensions })])
      expect(assessment).toMatchObject({ kind: 'explained', by })
    }
  })

  test('is explained if another submission may have replaced the file', () => {
    const assessment = assess(assessedRun(name), before(), file, [another({ replacesFile: true })])
    expect(assessment).toMatchObject({ kind: 'explained', by })
  })

  test('counts if another submission requested only other extensions', () => {
    const names = ['ai-tasks', ...CASES.map((one) => one.name).filter((other) => other !== name)]
    const assessment = assess(assessedRun(name), before(), file, [another({ extensions: names })])
    expect(assessment).toMatchObject({ kind: 'evidence' })
  })

  test('counts if another submission has set a description, unless the evidence is the description', () => {
    const assessment = assess(assessedRun(name), before(), file, [another({ setsDescription: true })])
    const isDescription = name === 'ai-auto-description'
    expect(assessment).toMatchObject(isDescription ? { kind: 'explained', by } : { kind: 'evidence' })
  })
})

describe('a version that none of our submissions can have made', () => {
  const explainedByVersion = {
    kind: 'explained',
    by: { kind: 'other_version' },
  }
  const traces = { aiTags: { [TAGGER]: ['Shirt'] }, description: 'A red shirt.' }

  test.each([TAGGER, 'ai-auto-description'])('explains the evidence for %s', (name) => {
    expect(assess(assessedRun(name), before(), now({ ...VERSION_2, ...traces }))).toMatchObject(
      explainedByVersion,
    )
    // Version 1 was restored after version 2, which remove-bg can't have done.
    expect(assess(assessedRun(name, 'ai-tasks'), before(VERSION_2), now(traces))).toMatchObject(
      explainedByVersion,
    )
    expect(assess(assessedRun(name, 'remove-bg'), before(VERSION_2), now(traces))).toMatchObject(
      explainedByVersion,
    )
  })

  test.each([TAGGER, 'ai-auto-description'])(
    'is not assumed if remove-bg may have made the version, so the evidence for %s counts',
    (name) => {
      const file = now({ ...VERSION_2, ...traces })
      const counted = { kind: 'evidence' }
      expect(assess(assessedRun(name, 'remove-bg'), before(), file)).toMatchObject(counted)
      expect(assess(assessedRun(name, 'saved-extension'), before(), file)).toMatchObject(counted)
      const other = another({ extensions: ['remove-bg'] })
      expect(assess(assessedRun(name), before(), file, [other])).toMatchObject(counted)
    },
  )

  test('is not assumed if the file’s current version is not reported', () => {
    const file = now({ ...traces, versionId: null })
    expect(assess(assessedRun(TAGGER), before(), file)).toMatchObject({ kind: 'evidence' })
  })
})
