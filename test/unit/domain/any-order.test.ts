import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FinalStatus, Run, RunSource } from '../../../src/domain/run.ts'
import {
  accepted,
  asking,
  type Fact,
  FILE,
  failure,
  type Known,
  play,
  statusesOf,
  type Told,
} from './facts.ts'

const NAMES = ['remove-bg', 'aws-auto-tagging', 'ai-tasks'] as const
const WORDS: readonly FinalStatus[] = ['success', 'failed']
const fileIds = fc.constantFrom(FILE, null)
const errors = fc.constantFrom(null, { message: 'too large' }, 'why')

function webhook(service: string, status: FinalStatus): fc.Arbitrary<Fact> {
  return fc.record({ fileId: fileIds, error: errors }).map((facts) => {
    return { kind: 'webhook', result: { service, status, ...facts } }
  })
}

/** A submission and facts about it of which no two contradict each other. */
type Story = { start: Known; facts: Fact[] }

function extension(name: string) {
  return fc
    .record({ name: fc.constant(name), saved: fc.boolean(), result: fc.constantFrom(...WORDS) })
    .chain((told) => {
      // A saved extension has a name only once ImageKit tells it, so each is told at least once.
      const webhooks = fc.array(webhook(name, told.result), { minLength: told.saved ? 1 : 0, maxLength: 3 })
      const answered = fc.constantFrom('pending', told.result, ...(told.saved ? [] : [null]))
      return fc.record({ told: fc.constant(told), webhooks, answered, hasEvidence: fc.boolean() })
    })
}

const stories: fc.Arbitrary<Story> = fc
  .record({
    extensions: fc.tuple(...NAMES.map(extension)),
    others: fc.subarray<Fact>([
      { kind: 'expiry' },
      { kind: 'answer', answer: failure('unconfirmed') },
      { kind: 'answer', answer: accepted({}, { fileId: null }) },
    ]),
    isAnswered: fc.boolean(),
  })
  .map(({ extensions, others, isAnswered }) => {
    const statuses = extensions.flatMap(({ told, answered }) =>
      answered ? [[told.name, answered] as const] : [],
    )
    const answer: Fact = { kind: 'answer', answer: accepted(Object.fromEntries(statuses)) }
    const evident = extensions.filter(
      ({ told, hasEvidence }) => hasEvidence && !told.saved && told.result === 'success',
    )
    return {
      start: asking(...extensions.map(({ told }) => (told.saved ? 'saved-extension' : told.name))),
      facts: [
        ...(isAnswered ? [answer] : []),
        ...extensions.flatMap(({ webhooks }) => webhooks),
        ...evident.map(({ told }): Fact => ({ kind: 'evidence', name: told.name })),
        ...others,
      ],
    }
  })

/** The same facts in some other order, some of them told again. */
function toldOtherwise(facts: Fact[]): fc.Arbitrary<Fact[]> {
  const again = facts.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...facts), { maxLength: 5 })
  return again.chain((some) => {
    const all = [...facts, ...some]
    return fc.shuffledSubarray(all, { minLength: all.length })
  })
}

/** Facts that contradict each other at will, about a submission that asked for each extension by name. */
const quarrels: fc.Arbitrary<Fact[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.constantFrom(...NAMES), fc.constantFrom(...WORDS))
        .chain(([name, result]) => webhook(name, result)),
    },
    fc
      .dictionary(fc.constantFrom(...NAMES), fc.constantFrom('pending', ...WORDS))
      .map((statuses): Fact => ({ kind: 'answer', answer: accepted(statuses) })),
    fc.constantFrom(...NAMES).map((name): Fact => ({ kind: 'evidence', name })),
    fc
      .constantFrom('rejected', 'unconfirmed')
      .map((kind): Fact => ({ kind: 'answer', answer: failure(kind) })),
    fc.constant<Fact>({ kind: 'expiry' }),
  ),
  { maxLength: 20 },
)

function saysOf(fact: Fact, name: string): { source: RunSource; result: FinalStatus } | null {
  if (fact.kind === 'expiry') return null
  if (fact.kind === 'evidence') return fact.name === name ? { source: 'reconcile', result: 'success' } : null
  if (fact.kind === 'webhook') {
    const { service, status } = fact.result
    return service === name && status ? { source: 'webhook', result: status } : null
  }
  const said = fact.answer.kind === 'accepted' ? fact.answer.extensionStatus[name] : undefined
  return said === 'success' || said === 'failed' ? { source: 'response', result: said } : null
}

function wordsOf(facts: Fact[], name: string) {
  return facts.flatMap((fact) => saysOf(fact, name) ?? [])
}

function endOf(start: Known, steps: Told[]): Known {
  return steps.at(-1)?.known ?? start
}

function runOf(known: Known, name: string): Run {
  const runs = known.runs.filter((run) => run.name === name)
  expect(runs).toHaveLength(1)
  return runs[0] ?? expect.unreachable()
}

function withoutClock({ submission, runs }: Known) {
  return { submission: { ...submission, updatedAt: 0 }, runs }
}

const start = asking(...NAMES)

describe('facts that do not contradict each other', () => {
  const pairs = stories.chain((story) => fc.tuple(fc.constant(story), toldOtherwise(story.facts)))

  test('end in the same statuses in any order and number: the final result, else expired, else pending', () => {
    fc.assert(
      fc.property(pairs, ([story, facts]) => {
        const end = endOf(story.start, play(story.start, facts))
        const unsettled = facts.some((fact) => fact.kind === 'expiry') ? 'expired' : 'pending'
        const expected = NAMES.map((name) => [name, wordsOf(facts, name)[0]?.result ?? unsettled])
        expect(statusesOf(end)).toEqual(Object.fromEntries(expected))
        expect(end.runs).toHaveLength(NAMES.length)
      }),
      { numRuns: 1_000 },
    )
  })

  test('end in the same state and fileId of the submission in any order and number', () => {
    fc.assert(
      fc.property(pairs, ([story, facts]) => {
        const one = endOf(story.start, play(story.start, story.facts)).submission
        const other = endOf(story.start, play(story.start, facts)).submission
        expect([other.state, other.fileId, other.error]).toEqual([one.state, one.fileId, one.error])
      }),
    )
  })

  test('never have a webhook contradicted or ignored', () => {
    fc.assert(
      fc.property(pairs, ([story, facts]) => {
        const outcomes = play(story.start, facts).flatMap(({ decision }) => decision?.outcome ?? [])
        expect(outcomes.filter((outcome) => outcome !== 'applied' && outcome !== 'duplicate')).toEqual([])
      }),
    )
  })

  test('change nothing when all of them are told again', () => {
    fc.assert(
      fc.property(pairs, ([story, facts]) => {
        const end = endOf(story.start, play(story.start, facts))
        expect(withoutClock(endOf(end, play(end, facts, 5_000)))).toEqual(withoutClock(end))
      }),
    )
  })
})

describe('facts that contradict each other', () => {
  function expectOfEach(check: (run: Run, facts: Fact[], steps: Told[]) => void): void {
    fc.assert(
      fc.property(quarrels, (facts) => {
        const steps = play(start, facts)
        for (const name of NAMES) check(runOf(endOf(start, steps), name), facts, steps)
      }),
      { numRuns: 500 },
    )
  }

  function outcomesOf(run: Run, steps: Told[]) {
    return steps.flatMap(({ decision }) => (decision?.runId === run.runId ? [decision.outcome] : []))
  }

  test('leave the first final result, and who said it, whatever follows', () => {
    expectOfEach((run, facts) => {
      const [first] = wordsOf(facts, run.name)
      if (first === undefined) expect(['pending', 'expired']).toContain(run.status)
      else expect([run.status, run.source]).toEqual([first.result, first.source])
    })
  })

  test('have exactly one webhook applied to each run that a webhook settled, and none to the others', () => {
    expectOfEach((run, _, steps) => {
      const count = outcomesOf(run, steps).filter((outcome) => outcome === 'applied').length
      expect(count).toBe(run.source === 'webhook' ? 1 : 0)
    })
  })

  test('tell a contradiction exactly once for each run of which a webhook said the opposite', () => {
    expectOfEach((run, facts, steps) => {
      const [first, ...rest] = wordsOf(facts, run.name)
      const isOpposed = rest.some(({ source, result }) => source === 'webhook' && result !== first?.result)
      const count = outcomesOf(run, steps).filter((outcome) => outcome === 'contradicted').length
      expect([count, run.contradicted]).toEqual([isOpposed ? 1 : 0, isOpposed])
    })
  })

  test('change nothing when all of them are told again', () => {
    fc.assert(
      fc.property(quarrels, (facts) => {
        const end = endOf(start, play(start, facts))
        expect(withoutClock(endOf(end, play(end, facts, 5_000))).runs).toEqual(end.runs)
      }),
    )
  })

  test('leave settledAt null exactly while a run is pending or expired, and say expiry only of the expired', () => {
    expectOfEach((run) => {
      expect(run.settledAt === null).toBe(run.status === 'pending' || run.status === 'expired')
      expect(run.source === 'expiry').toBe(run.status === 'expired')
    })
  })

  test('let an expired run go only by a final result', () => {
    fc.assert(
      fc.property(quarrels, (facts) => {
        let before = start
        for (const [index, { known }] of play(start, facts).entries()) {
          for (const run of before.runs.filter(({ status }) => status === 'expired')) {
            const said = wordsOf(facts.slice(index, index + 1), run.name)[0]?.result
            expect(runOf(known, run.name).status).toBe(said ?? 'expired')
          }
          before = known
        }
      }),
    )
  })
})
