import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { FinalStatus } from '../../src/domain/run.ts'
import type { Store } from '../../src/store/store.ts'
import { accepted, newDelivery } from './builders.ts'
import { submit } from './store-calls.ts'
import type { StoreFixture } from './store-fixture.ts'

const NAMES = ['remove-bg', 'ai-tasks', 'google-auto-tagging']

type Fact =
  | { kind: 'response'; statuses: { [name: string]: 'pending' | FinalStatus } }
  | { kind: 'webhook'; name: string; status: FinalStatus; isOtherFile: boolean }

const finalStatus = fc.constantFrom<FinalStatus>('success', 'failed')
const responseStatus = fc.constantFrom<'pending' | FinalStatus>('pending', 'success', 'failed')
const response: fc.Arbitrary<Fact> = fc.record({
  kind: fc.constant('response'),
  statuses: fc.dictionary(fc.constantFrom(...NAMES), responseStatus),
})
const webhook: fc.Arbitrary<Fact> = fc.record({
  kind: fc.constant('webhook'),
  name: fc.constantFrom(...NAMES),
  status: finalStatus,
  isOtherFile: fc.boolean(),
})

/** Facts that agree with one truth, each any number of times and in any order. */
const agreeing = fc
  .record({
    truth: fc.tuple(finalStatus, finalStatus, finalStatus),
    indexes: fc.array(fc.nat(6), { maxLength: 12 }),
  })
  .map(({ truth, indexes }) => indexes.map((index) => agreeingFact(truth, index)))

function agreeingFact(truth: FinalStatus[], index: number): Fact {
  const name = NAMES[index % 3] ?? ''
  const status = truth[index % 3] ?? 'success'
  if (index < 3) return { kind: 'webhook', name, status, isOtherFile: false }
  return { kind: 'response', statuses: { [name]: index < 6 ? status : 'pending' } }
}

async function applyFacts(store: Store, facts: readonly Fact[], isAtOnce: boolean) {
  const fileId = 'the-file'
  const submissionId = await submit(store, NAMES, { fileId })
  const apply = async (fact: Fact) => {
    if (fact.kind === 'response') {
      await store.applyResponse(submissionId, accepted(fact.statuses, { fileId }), 2_000)
      return null
    }
    const { name: service, status, isOtherFile } = fact
    const word = { service, status, fileId: isOtherFile ? 'another' : fileId }
    return (await store.recordDelivery(newDelivery(submissionId, word))).outcome
  }
  const outcomes: (string | null)[] = []
  if (isAtOnce) outcomes.push(...(await Promise.all(facts.map(apply))))
  else for (const fact of facts) outcomes.push(await apply(fact))
  const found = await store.findSubmission(submissionId)
  return { outcomes, statuses: Object.fromEntries(found?.runs.map((run) => [run.name, run.status]) ?? []) }
}

/** The rule, implemented a second time and shorter: the first final status stays, and a contradiction is reported once. */
function expected(facts: readonly Fact[]) {
  const first = new Map<string, FinalStatus>()
  const contradicted = new Set<string>()
  const outcomes = facts.map((fact) => {
    if (fact.kind === 'response') {
      for (const [name, status] of Object.entries(fact.statuses))
        if (status !== 'pending' && !first.has(name)) first.set(name, status)
      return null
    }
    if (fact.isOtherFile) return 'ignored'
    const known = first.get(fact.name)
    if (known === undefined) first.set(fact.name, fact.status)
    if (known === undefined) return 'applied'
    if (known === fact.status || contradicted.has(fact.name)) return 'duplicate'
    contradicted.add(fact.name)
    return 'contradicted'
  })
  return { outcomes, statuses: Object.fromEntries(NAMES.map((name) => [name, first.get(name) ?? 'pending'])) }
}

export function describeOrderOfFacts(current: () => StoreFixture, share: number): void {
  describe('order of facts', () => {
    test('any facts in any order, sequential or concurrent, leave the first final status', async () => {
      const facts = fc.array(fc.oneof(response, webhook), { maxLength: 12 })
      await fc.assert(
        fc.asyncProperty(facts, fc.boolean(), async (given, isAtOnce) => {
          expect(await applyFacts(current().store, given, isAtOnce)).toEqual(expected(given))
        }),
        { numRuns: Math.ceil(150 * share) },
      )
    })

    test('agreeing facts lead to the same statuses in any order and with any repetition', async () => {
      const orders = agreeing.chain((facts) =>
        fc.tuple(
          fc.constant(facts),
          fc.shuffledSubarray([...facts, ...facts], { minLength: facts.length * 2 }),
        ),
      )
      await fc.assert(
        fc.asyncProperty(orders, async ([facts, repeated]) => {
          const once = await applyFacts(current().store, facts, false)
          const again = await applyFacts(current().store, repeated, true)
          expect(again.statuses).toEqual(once.statuses)
        }),
        { numRuns: Math.ceil(75 * share) },
      )
    })
  })
}
