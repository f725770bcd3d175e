import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { FinalStatus } from '../../src/domain/run.ts'
import type { NewSubmission, Submission } from '../../src/domain/submission.ts'
import type { Store } from '../../src/store/store.ts'
import {
  AN_ATTEMPT,
  accepted,
  anAuditEntry,
  EVIDENCE,
  newAccountDelivery,
  newDelivery,
  newKeyClaim,
  newSubmission,
  unaccepted,
} from './builders.ts'
import { deleteOld } from './old-submissions.ts'
import { readEverything } from './read-everything.ts'
import { createIdRenamer } from './rename-ids.ts'
import { applyFinding, fold, listEveryDelivery, sweep } from './store-calls.ts'
import type { ReopenableStore } from './store-fixture.ts'
import { withLease } from './with-lease.ts'

const NAMES = ['remove-bg', 'ai-tasks', 'saved-extension']
const FILES = ['file-1', 'file-2', 'file-3']
const RESPONSE = { status: 200, headers: {}, body: '{}' }
/** The claim of the idempotency key with which the step with this index creates its submission. */
const keyClaim = (step: number) => ({ scope: `key-${step}`, nonce: 'own' })
/**
 * The time between two steps: about 17 minutes, so that every sequence lasts more than an hour and can change the counters of several
 * hours.
 */
const STEP_MS = 1_000_000
const YEAR_MS = 365 * 86_400_000

/**
 * `of` is the index of the submission that the step acts on, in creation order. If there is no such submission, the step does
 * nothing. `finish`: an account webhook reports the result of a queued upload. `event`: an account webhook about no submission.
 * `isMisdated`: a wrong clock dates the row a year ahead.
 */
type Step =
  | {
      kind: 'submit'
      as: Submission['kind']
      names: string[]
      fileId: string | null
      notifiesCaller: boolean
      isMisdated: boolean
    }
  | {
      kind: 'retry' | 'evidence' | 'expire' | 'acknowledge' | 'notified' | 'reject' | 'unconfirm'
      of: number
    }
  | { kind: 'respond' | 'finish'; of: number; statuses: { [name: string]: 'pending' | FinalStatus } }
  | { kind: 'webhook'; of: number; service: string | null; status: FinalStatus; code: string | null }
  | { kind: 'event'; isMisdated: boolean }
  | { kind: 'fold' }

const of = fc.nat(7)
const service = fc.constantFrom('remove-bg', 'ai-tasks', 'google-auto-tagging')
const finalStatus = fc.constantFrom<FinalStatus>('success', 'failed')
const rarelyTrue = fc.nat(9).map((number) => number === 0)
const kindOf = <K extends Step['kind']>(...kinds: K[]) => fc.constantFrom(...kinds)

const submitStep: fc.Arbitrary<Step> = fc.record({
  kind: kindOf('submit'),
  as: fc.constantFrom('upload' as const, 'update', 'external'),
  names: fc.subarray(NAMES),
  fileId: fc.constantFrom(null, ...FILES),
  notifiesCaller: rarelyTrue,
  isMisdated: rarelyTrue,
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: submitStep },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: kindOf('webhook'),
      of,
      service: fc.oneof({ weight: 9, arbitrary: service }, { weight: 1, arbitrary: fc.constant(null) }),
      status: finalStatus,
      code: fc.constantFrom(null, 'E1', 'E2'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kindOf('respond', 'finish'),
      of,
      statuses: fc.dictionary(service, fc.constantFrom('pending' as const, 'success', 'failed')),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: kindOf('retry', 'evidence', 'expire', 'acknowledge', 'notified', 'reject', 'unconfirm'),
      of,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('event'), isMisdated: rarelyTrue }) },
  { weight: 1, arbitrary: fc.record({ kind: kindOf('fold') }) },
)

/** `deleteBefore`: what steps with lower indexes wrote is old when the deletion runs, unless it is misdated. */
const sequence = fc
  .tuple(
    fc.array(submitStep, { minLength: 1, maxLength: 4 }),
    fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }),
  )
  .chain(([first, others]) => {
    const steps = [...first, ...others]
    return fc.record({ steps: fc.constant(steps), deleteBefore: fc.nat({ max: steps.length }) })
  })

const aSubmission: Extract<Step, { kind: 'submit' }> = {
  kind: 'submit',
  as: 'external',
  names: [],
  fileId: null,
  notifiesCaller: false,
  isMisdated: false,
}

/**
 * Five submissions that are deleted, and one that is kept, with its sixteen deliveries. This sequence is always tested: a few
 * random ones alone might delete nothing.
 */
const WITH_DELETIONS = {
  steps: [
    ...Array.from({ length: 5 }, () => aSubmission),
    { ...aSubmission, names: ['remove-bg'] },
    ...Array.from({ length: 16 }, (): Step => {
      return { kind: 'webhook', of: 5, service: 'remove-bg', status: 'success', code: null }
    }),
  ],
  deleteBefore: 5,
}

/** A submission, and the index of the step that created it. */
type Created = { step: number; submissionId: string }

/** The indexes of the steps to omit, and the submission that each retry step created when all steps were performed. */
type Omissions = { steps: ReadonlySet<number>; retries: ReadonlyMap<number, NewSubmission> }

type PlayResult = { created: Created[]; retries: Map<number, NewSubmission> }

/**
 * Performs all steps except omitted ones and those that act on an omitted submission; the sweep before a finding is performed in any
 * case. A retry of an omitted submission is performed unless it is omitted itself: the submission that it created is created
 * directly.
 */
async function play(store: Store, steps: readonly Step[], without?: Omissions): Promise<PlayResult> {
  // Includes omitted submissions, so that `of` selects the same submission in both stores. The `fileId` of an upload is the one that
  // ImageKit's responses and webhooks name later.
  const slots: { step: number; submissionId: string | null; facts: NewSubmission }[] = []
  const retries = new Map<number, NewSubmission>()
  for (const [index, one] of steps.entries()) {
    const at = index * STEP_MS
    const isOmitted = without?.steps.has(index) ?? false
    if (one.kind === 'fold') await withLease(store).foldCounters()
    else if (one.kind === 'event') {
      const event = { kind: 'other', eventId: `event-${index}`, type: null } as const
      const receivedAt = one.isMisdated ? at + YEAR_MS : at
      if (!isOmitted) await store.recordAccountDelivery(newAccountDelivery(event, receivedAt))
    } else if (one.kind === 'submit') {
      const facts = newSubmission(one.names, {
        kind: one.as,
        fileId: one.as === 'upload' ? null : one.fileId,
        fileName: `name-${index}.png`,
        callerWebhookUrl: one.notifiesCaller ? 'https://caller.example/hook' : null,
        at: one.isMisdated ? at + YEAR_MS : at,
      })
      const key = { ...keyClaim(index), fingerprint: 'abc' }
      if (!isOmitted) await store.claimIdempotencyKey(key, at)
      const submissionId = isOmitted ? null : (await store.createSubmission(facts, key)).submissionId
      slots.push({ step: index, submissionId, facts: { ...facts, fileId: one.fileId } })
    } else {
      const about = slots[one.of]
      if (about === undefined) continue
      const { submissionId, facts } = about
      // A finding applies only to a due run, so the sweep makes all pending runs due, except those of rejected submissions.
      if (one.kind === 'evidence' || one.kind === 'expire') await sweep(store, { now: at + 2 * YEAR_MS })
      if (one.kind === 'retry') {
        const again = newSubmission(
          facts.extensions.slice(0, 1).map(({ name }) => name),
          {
            kind: 'update',
            fileId: facts.fileId,
            attempt: 2,
            at,
            fileName: `name-${index}.png`,
          },
        )
        const retried = isOmitted ? undefined : without?.retries.get(index)
        const createdDirectly =
          submissionId === null ? retried && (await store.createSubmission(retried)) : undefined
        const run = submissionId && (await runsOf(store, submissionId))[0]
        const entry = anAuditEntry({ kind: 'retry', subject: run ? run.runId : null, at })
        const submitted = createdDirectly ?? (run && (await store.submitRetry(run.runId, again, { entry })))
        const createdId = submitted && 'submissionId' in submitted ? submitted.submissionId : undefined
        if (createdId !== undefined) retries.set(index, again)
        // Only a retry that created a submission is ever omitted.
        const hasSlot = createdId !== undefined || isOmitted
        if (hasSlot) slots.push({ step: index, submissionId: createdId ?? null, facts: again })
      } else if (submissionId !== null) await apply(store, one, { ...about, submissionId }, at)
    }
  }
  const created = slots.flatMap(({ step: number, submissionId }) =>
    submissionId === null ? [] : [{ step: number, submissionId }],
  )
  return { created, retries }
}

async function apply(
  store: Store,
  step: Exclude<Step, { kind: 'submit' | 'retry' | 'event' | 'fold' }>,
  { step: number, submissionId, facts }: { step: number; submissionId: string; facts: NewSubmission },
  at: number,
): Promise<void> {
  const { fileId } = facts
  const requestId = `request-${number}`
  switch (step.kind) {
    case 'webhook': {
      const { service: named, status, code } = step
      const error = status === 'failed' && code !== null ? { code } : null
      const delivery = newDelivery(
        submissionId,
        { service: named, status, fileId, error },
        { receivedAt: at },
      )
      await store.recordDelivery(delivery)
      return
    }
    case 'respond':
      await store.applyResponse(submissionId, accepted(step.statuses, { fileId, requestId }), at, {
        ...keyClaim(number),
        response: RESPONSE,
      })
      return
    case 'finish': {
      const response = accepted(step.statuses, { fileId, requestId })
      const type = 'upload.pre-transform.success'
      const event = { kind: 'upload_finished', eventId: null, type, requestId, response } as const
      // Makes sure that the submission has the request id that the event names.
      await store.applyResponse(submissionId, accepted({}, { fileId: null, requestId }), at)
      await store.recordAccountDelivery(newAccountDelivery(event, at))
      return
    }
    case 'reject':
    case 'unconfirm': {
      const kind = step.kind === 'reject' ? 'rejected' : 'unconfirmed'
      await store.applyResponse(submissionId, { ...unaccepted(kind), requestId }, at)
      return
    }
    case 'acknowledge': {
      const runs = await runsOf(store, submissionId)
      await store.acknowledgeRuns(
        runs.map(({ runId }) => runId),
        anAuditEntry({ at }),
      )
      return
    }
    case 'notified': {
      // The result `delivered` counts without a claim, hence the 0.
      for (const { runId } of await runsOf(store, submissionId))
        await store.recordNotificationResult(`msg_${runId}`, { kind: 'delivered' }, 0, AN_ATTEMPT)
      return
    }
    case 'evidence':
    case 'expire': {
      const finding = step.kind === 'evidence' ? EVIDENCE : ({ kind: 'timed_out' } as const)
      for (const { runId } of await runsOf(store, submissionId)) await applyFinding(store, runId, finding, at)
      return
    }
  }
}

async function runsOf(store: Store, submissionId: string) {
  return (await store.findSubmission(submissionId))?.runs ?? []
}

/** The indexes of the steps whose submissions must be deleted: the retention rule, implemented a second time. */
async function listDeletable(store: Store, created: readonly Created[], before: number): Promise<number[]> {
  const keptFiles = new Set<string | null>()
  const deletable: number[] = []
  const page = { perHost: 1_000, after: null }
  const { due } = await store.listDueNotifications(Number.MAX_SAFE_INTEGER, page)
  for (const { step: number, submissionId } of created) {
    const found = await store.findSubmission(submissionId)
    if (found === undefined) throw new Error(`the submission of step ${number} is missing`)
    const { submission, runs } = found
    const { state, kind, fileId, createdAt } = submission
    const isOpen =
      (state === 'submitting' && kind !== 'external') ||
      (state !== 'rejected' && runs.some(({ status }) => status === 'pending')) ||
      runs.some(({ runId }) => due.some(({ notificationId }) => notificationId === `msg_${runId}`))
    if (createdAt < before && !isOpen && !keptFiles.has(fileId)) deletable.push(number)
    else if (fileId !== null) keptFiles.add(fileId)
  }
  return deletable
}

/** What the store returns in its lists and about these submissions, except the audit log, which keeps entries about deleted runs. */
async function readRemaining(store: Store, created: readonly Created[]) {
  const submissionIds = created.map(({ submissionId }) => submissionId)
  const read = await readEverything(store, [{ submissionIds, fileIds: FILES, retryIds: [], rejectedIds: [] }])
  const { auditEntries: _, ...rest } = read
  return createIdRenamer(rest)(rest)
}

/**
 * Compares a store that has deleted old rows with one in which these rows never existed, because their steps were omitted.
 * `sequences`: how many sequences of steps are tested.
 */
export function testOldSubmissions(open: () => Promise<ReopenableStore>, sequences: number): void {
  test('deleting old submissions and events, after any steps, leaves the store as if they had never existed, except for audit entries', {
    timeout: 120_000,
  }, async () => {
    let deletedCount = 0
    let remainingDeliveries = 0
    const isSameAsPristine = fc.asyncProperty(sequence, async ({ steps, deleteBefore }) => {
      const opened = await open()
      const other = await open()
      try {
        const { store } = opened
        const before = deleteBefore * STEP_MS
        const { created, retries } = await play(store, steps)
        const deletable = new Set(await listDeletable(store, created, before))
        const oldEvents = [...steps.entries()].flatMap(([index, one]) =>
          one.kind === 'event' && !one.isMisdated && index < deleteBefore ? [index] : [],
        )
        await deleteOld(store, { now: steps.length * STEP_MS, before })

        const kept = created.filter(({ step: number }) => !deletable.has(number))
        for (const { step: number, submissionId } of created)
          expect((await store.findSubmission(submissionId)) === undefined).toBe(deletable.has(number))
        const without = { steps: new Set([...deletable, ...oldEvents]), retries }
        const pristine = await play(other.store, steps, without)
        expect(pristine.created.map(({ step: number }) => number)).toEqual(
          kept.map(({ step: number }) => number),
        )
        for (const isFolded of [false, true]) {
          if (isFolded) for (const one of [opened, other]) await fold(one.store)
          expect(await readRemaining(store, kept)).toEqual(await readRemaining(other.store, pristine.created))
        }
        for (const { step: number } of created)
          expect(await store.claimIdempotencyKey(newKeyClaim(`key-${number}`), 0)).toEqual(
            await other.store.claimIdempotencyKey(newKeyClaim(`key-${number}`), 0),
          )
        deletedCount += deletable.size
        remainingDeliveries += (await listEveryDelivery(store)).length
      } finally {
        await opened.destroy()
        await other.destroy()
      }
    })
    await fc.assert(isSameAsPristine, { numRuns: sequences, examples: [[WITH_DELETIONS]] })
    // `WITH_DELETIONS` alone deletes 5 submissions and keeps 16 deliveries, which is enough for up to 9 sequences.
    expect(deletedCount).toBeGreaterThan(sequences / 2)
    expect(remainingDeliveries).toBeGreaterThan((sequences * 5) / 3)
  })
}
