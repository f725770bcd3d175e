import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FinalStatus, Run, RunSource } from '../../../src/domain/run.ts'
import {
  type AppliedFact,
  accepted,
  applyFacts,
  type Fact,
  FILE,
  failure,
  requesting,
  statusesOf,
  type TrackedSubmission,
} from './facts.ts'

const NAMES = ['remove-bg', 'aws-auto-tagging', 'ai-tasks'] as const
const FINAL_STATUSES: readonly FinalStatus[] = ['success', 'failed']
const fileIds = fc.constantFrom(FILE, null)
const errors = fc.constantFrom(null, { message: 'too large' }, 'why')

function webhook(service: string, status: FinalStatus): fc.Arbitrary<Fact> {
  return fc.record({ fileId: fileIds, error: errors }).map((facts) => {
    return { kind: 'webhook', result: { service, status, ...facts } }
  })
}

/** A submission and facts about it that don't contradict each other. */
type Scenario = { start: TrackedSubmission; facts: Fact[] }

/**
 * One extension. `spec`: its name, whether it is requested as a saved extension, and its result. The rest: what reports on it.
 * `responseStatus`: null if the response does not contain the extension.
 */
function extension(name: string) {
  return fc
    .record({ name: fc.constant(name), saved: fc.boolean(), result: fc.constantFrom(...FINAL_STATUSES) })
    .chain((spec) => {
      // The name of a saved extension is known only when ImageKit reports it, so at least one webhook reports it.
      const webhooks = fc.array(webhook(name, spec.result), { minLength: spec.saved ? 1 : 0, maxLength: 3 })
      const responseStatus = fc.constantFrom('pending', spec.result, ...(spec.saved ? [] : [null]))
      return fc.record({ spec: fc.constant(spec), webhooks, responseStatus, hasEvidence: fc.boolean() })
    })
}

const scenarios: fc.Arbitrary<Scenario> = fc
  .record({
    extensions: fc.tuple(...NAMES.map(extension)),
    otherFacts: fc.subarray<Fact>([
      { kind: 'expiry' },
      { kind: 'response', response: failure('unconfirmed') },
      // ImageKit has queued the upload.
      { kind: 'response', response: accepted({}, { fileId: null }) },
    ]),
    hasResponse: fc.boolean(),
  })
  .map(({ extensions, otherFacts, hasResponse }) => {
    const statuses = extensions.flatMap(({ spec, responseStatus }) =>
      responseStatus ? [[spec.name, responseStatus] as const] : [],
    )
    const response: Fact = { kind: 'response', response: accepted(Object.fromEntries(statuses)) }
    const evident = extensions.filter(
      ({ spec, hasEvidence }) => hasEvidence && !spec.saved && spec.result === 'success',
    )
    return {
      start: requesting(...extensions.map(({ spec }) => (spec.saved ? 'saved-extension' : spec.name))),
      facts: [
        ...(hasResponse ? [response] : []),
        ...extensions.flatMap(({ webhooks }) => webhooks),
        ...evident.map(({ spec }): Fact => ({ kind: 'evidence', name: spec.name })),
        ...otherFacts,
      ],
    }
  })

/** The same facts in another order, some of them repeated. */
function inOtherOrder(facts: Fact[]): fc.Arbitrary<Fact[]> {
  const again = facts.length === 0 ? fc.constant([]) : fc.array(fc.constantFrom(...facts), { maxLength: 5 })
  return again.chain((some) => {
    const all = [...facts, ...some]
    return fc.shuffledSubarray(all, { minLength: all.length })
  })
}

/** Facts that may contradict each other, about a submission that requested each of `NAMES`. */
const conflictingFacts: fc.Arbitrary<Fact[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.constantFrom(...NAMES), fc.constantFrom(...FINAL_STATUSES))
        .chain(([name, result]) => webhook(name, result)),
    },
    fc
      .dictionary(fc.constantFrom(...NAMES), fc.constantFrom('pending', ...FINAL_STATUSES))
      .map((statuses): Fact => ({ kind: 'response', response: accepted(statuses) })),
    fc.constantFrom(...NAMES).map((name): Fact => ({ kind: 'evidence', name })),
    fc
      .constantFrom('rejected', 'unconfirmed')
      .map((kind): Fact => ({ kind: 'response', response: failure(kind) })),
    fc.constant<Fact>({ kind: 'expiry' }),
  ),
  { maxLength: 20 },
)

function resultIn(fact: Fact, name: string): { source: RunSource; result: FinalStatus } | null {
  if (fact.kind === 'expiry') return null
  if (fact.kind === 'evidence') return fact.name === name ? { source: 'reconcile', result: 'success' } : null
  if (fact.kind === 'webhook') {
    const { service, status } = fact.result
    return service === name && status ? { source: 'webhook', result: status } : null
  }
  const reported = fact.response.kind === 'accepted' ? fact.response.extensionStatus[name] : undefined
  return reported === 'success' || reported === 'failed' ? { source: 'response', result: reported } : null
}

function resultsOf(facts: Fact[], name: string) {
  return facts.flatMap((fact) => resultIn(fact, name) ?? [])
}

function finalState(start: TrackedSubmission, steps: AppliedFact[]): TrackedSubmission {
  return steps.at(-1)?.known ?? start
}

function runOf(known: TrackedSubmission, name: string): Run {
  const runs = known.runs.filter((run) => run.name === name)
  expect(runs).toHaveLength(1)
  return runs[0] ?? expect.unreachable()
}

/** Without the time at which the submission last changed. */
function withoutClock({ submission, runs }: TrackedSubmission) {
  return { submission: { ...submission, updatedAt: 0 }, runs }
}

const start = requesting(...NAMES)

describe('facts that do not contradict each other', () => {
  const pairs = scenarios.chain((scenario) => fc.tuple(fc.constant(scenario), inOtherOrder(scenario.facts)))

  test('lead to the same statuses in any order, however often repeated: the final result, else expired, else pending', () => {
    fc.assert(
      fc.property(pairs, ([scenario, facts]) => {
        const end = finalState(scenario.start, applyFacts(scenario.start, facts))
        const unsettled = facts.some((fact) => fact.kind === 'expiry') ? 'expired' : 'pending'
        const expected = NAMES.map((name) => [name, resultsOf(facts, name)[0]?.result ?? unsettled])
        expect(statusesOf(end)).toEqual(Object.fromEntries(expected))
        expect(end.runs).toHaveLength(NAMES.length)
      }),
      { numRuns: 1_000 },
    )
  })

  test('lead to the same state, fileId and error of the submission in any order, however often repeated', () => {
    fc.assert(
      fc.property(pairs, ([scenario, facts]) => {
        const one = finalState(scenario.start, applyFacts(scenario.start, scenario.facts)).submission
        const other = finalState(scenario.start, applyFacts(scenario.start, facts)).submission
        expect([other.state, other.fileId, other.error]).toEqual([one.state, one.fileId, one.error])
      }),
    )
  })

  test('never make a webhook contradicted or ignored', () => {
    fc.assert(
      fc.property(pairs, ([scenario, facts]) => {
        const outcomes = applyFacts(scenario.start, facts).flatMap(({ decision }) => decision?.outcome ?? [])
        expect(outcomes.filter((outcome) => outcome !== 'applied' && outcome !== 'duplicate')).toEqual([])
      }),
    )
  })

  test('change at most updatedAt of the submission when all of them are repeated', () => {
    fc.assert(
      fc.property(pairs, ([scenario, facts]) => {
        const end = finalState(scenario.start, applyFacts(scenario.start, facts))
        expect(withoutClock(finalState(end, applyFacts(end, facts, 5_000)))).toEqual(withoutClock(end))
      }),
    )
  })
})

describe('facts that may contradict each other', () => {
  function expectForEachRun(check: (run: Run, facts: Fact[], steps: AppliedFact[]) => void): void {
    fc.assert(
      fc.property(conflictingFacts, (facts) => {
        const steps = applyFacts(start, facts)
        for (const name of NAMES) check(runOf(finalState(start, steps), name), facts, steps)
      }),
      { numRuns: 500 },
    )
  }

  function outcomesOf(run: Run, steps: AppliedFact[]) {
    return steps.flatMap(({ decision }) => (decision?.runId === run.runId ? [decision.outcome] : []))
  }

  test('leave each run with the first final result and its source', () => {
    expectForEachRun((run, facts) => {
      const [first] = resultsOf(facts, run.name)
      if (first === undefined) expect(['pending', 'expired']).toContain(run.status)
      else expect([run.status, run.source]).toEqual([first.result, first.source])
    })
  })

  test('apply exactly one webhook to each run settled by a webhook, and none to the others', () => {
    expectForEachRun((run, _, steps) => {
      const count = outcomesOf(run, steps).filter((outcome) => outcome === 'applied').length
      expect(count).toBe(run.source === 'webhook' ? 1 : 0)
    })
  })

  test('report a contradiction exactly once for each run whose first result a later webhook contradicts, and none for the others', () => {
    expectForEachRun((run, facts, steps) => {
      const [first, ...rest] = resultsOf(facts, run.name)
      const isOpposed = rest.some(({ source, result }) => source === 'webhook' && result !== first?.result)
      const count = outcomesOf(run, steps).filter((outcome) => outcome === 'contradicted').length
      expect([count, run.contradicted]).toEqual([isOpposed ? 1 : 0, isOpposed])
    })
  })

  test('change no run when all of them are repeated', () => {
    fc.assert(
      fc.property(conflictingFacts, (facts) => {
        const end = finalState(start, applyFacts(start, facts))
        expect(finalState(end, applyFacts(end, facts, 5_000)).runs).toEqual(end.runs)
      }),
    )
  })

  test('lead to a settledAt exactly if the run is settled, and to the source expiry exactly if it is expired', () => {
    expectForEachRun((run) => {
      expect(run.settledAt === null).toBe(run.status === 'pending' || run.status === 'expired')
      expect(run.source === 'expiry').toBe(run.status === 'expired')
    })
  })

  test('change the status of an expired run only by a final result', () => {
    fc.assert(
      fc.property(conflictingFacts, (facts) => {
        let before = start
        for (const [index, { known }] of applyFacts(start, facts).entries()) {
          for (const run of before.runs.filter(({ status }) => status === 'expired')) {
            const reported = resultsOf(facts.slice(index, index + 1), run.name)[0]?.result
            expect(runOf(known, run.name).status).toBe(reported ?? 'expired')
          }
          before = known
        }
      }),
    )
  })
})
