import { describe, expect, test } from 'vitest'
import { another, asked, before, now, TAGGER, VERSION_2, weigh } from './evidence-facts.ts'

const SHOWN = [
  { name: TAGGER, seen: now({ aiTags: { [TAGGER]: ['Shirt'] } }) },
  { name: 'remove-bg', seen: now(VERSION_2) },
  { name: 'ai-auto-description', seen: now({ description: 'A red shirt.' }) },
]

describe.each(SHOWN)('what would show $name', ({ name, seen }) => {
  const by = { kind: 'submission', submissionId: 'submission-2' }

  test('shows nothing where another submission may have run the same extension', () => {
    for (const extensions of [[name], ['ai-tasks', name], ['saved-extension']]) {
      const weighing = weigh(asked(name), before(), seen, [another({ extensions })])
      expect(weighing).toMatchObject({ kind: 'explained', by })
    }
  })

  test('shows nothing where another submission may have put a new file there', () => {
    const weighing = weigh(asked(name), before(), seen, [another({ replacesFile: true })])
    expect(weighing).toMatchObject({ kind: 'explained', by })
  })

  test('shows it where the others have done something else', () => {
    const names = ['ai-tasks', ...SHOWN.map((shown) => shown.name).filter((other) => other !== name)]
    const weighing = weigh(asked(name), before(), seen, [another({ extensions: names })])
    expect(weighing).toMatchObject({ kind: 'evidence' })
  })

  test('shows it where another has set a description, unless it is the description', () => {
    const weighing = weigh(asked(name), before(), seen, [another({ setsDescription: true })])
    const isDescription = name === 'ai-auto-description'
    expect(weighing).toMatchObject(isDescription ? { kind: 'explained', by } : { kind: 'evidence' })
  })
})

describe('a version that nobody of ours has made', () => {
  const foreign = {
    kind: 'explained',
    by: { kind: 'other_version' },
  }
  const marks = { aiTags: { [TAGGER]: ['Shirt'] }, description: 'A red shirt.' }

  test.each([TAGGER, 'ai-auto-description'])('may have brought what would show %s', (name) => {
    expect(weigh(asked(name), before(), now({ ...VERSION_2, ...marks }))).toMatchObject(foreign)
    expect(weigh(asked(name, 'ai-tasks'), before(VERSION_2), now(marks))).toMatchObject(foreign)
    expect(weigh(asked(name, 'remove-bg'), before(VERSION_2), now(marks))).toMatchObject(foreign)
  })

  test.each([TAGGER, 'ai-auto-description'])(
    'is not one that remove-bg may have made, so that %s is shown',
    (name) => {
      const seen = now({ ...VERSION_2, ...marks })
      const shown = { kind: 'evidence' }
      expect(weigh(asked(name, 'remove-bg'), before(), seen)).toMatchObject(shown)
      expect(weigh(asked(name, 'saved-extension'), before(), seen)).toMatchObject(shown)
      const other = another({ extensions: ['remove-bg'] })
      expect(weigh(asked(name), before(), seen, [other])).toMatchObject(shown)
    },
  )

  test('is none where versions are not told', () => {
    const seen = now({ ...marks, versionId: null })
    expect(weigh(asked(TAGGER), before(), seen)).toMatchObject({ kind: 'evidence' })
  })
})
