import { expect, test } from 'vitest'
import type { AuditEntry } from '../../../src/domain/audit-entry.ts'
import type { RecordedDelivery } from '../../../src/domain/delivery.ts'
import { TrackerError } from '../../../src/domain/errors.ts'
import { EVERY_DELIVERY, type ListedDelivery } from '../../../src/domain/listed-delivery.ts'
import {
  type ReplayDeliveriesDeps,
  replayDeliveries,
} from '../../../src/tracking/operators/replay-deliveries.ts'

const RECORDED: RecordedDelivery = {
  deliveryId: null,
  outcome: 'applied',
  cause: null,
  fileId: null,
  runId: null,
}

/** Prepares a replay of `count` rejected deliveries. Once `failAfter` of them are applied, the store fails to record one more. */
function prepareReplay(count: number, failAfter: number) {
  const ids = Array.from({ length: count }, (_, index) => `dlv_${index}`)
  const entries: AuditEntry[] = []
  const applied: string[] = []
  const unused = () => Promise.reject(new Error('not expected'))
  const deps: ReplayDeliveriesDeps = {
    store: {
      listDeliveries: async () => ({
        deliveries: ids.toReversed().map((deliveryId) => ({ deliveryId }) as ListedDelivery),
        next: null,
      }),
      findRejected: async (deliveryId) => ({
        deliveryId,
        route: 'extension',
        receivedAt: 0,
        cause: 'forged_token',
        token: 'token',
        submissionId: null,
        fileId: null,
        headers: {},
        body: Buffer.from('{}'),
        bytes: 2,
      }),
      async recordDelivery({ replayOf = '' }) {
        if (applied.length === failAfter) throw new TrackerError('store_unavailable', 'The disk is full.')
        applied.push(replayOf)
        return RECORDED
      },
      async recordAuditEntry(entry) {
        entries.push(entry)
      },
      recordAccountDelivery: unused,
      previewDelivery: unused,
      previewAccountDelivery: unused,
    },
    clock: () => 0,
    readToken: () => 'sub_1',
    checkSignature: () => ({ check: 'absent', eventId: null, cause: 'absent_signature' }),
    requireSignature: false,
    arrivalTimes: { remember() {} },
    parseJson: () => ({}),
    readExtensionResult: () => ({
      service: 'remove-bg',
      status: 'success',
      fileId: null,
      error: null,
      cause: null,
    }),
    readAccountEvent: () => ({ kind: 'other', eventId: null, type: null }),
    meter: { deliveryRecorded() {}, deliveryNotRecorded() {} },
    successLog: { note() {} },
    log: { info() {} },
  }
  const replay = () =>
    replayDeliveries(deps, {
      filter: { ...EVERY_DELIVERY, outcome: 'rejected' },
      limit: null,
      dryRun: false,
      actor: 'operator',
      reason: null,
    })
  return { ids, entries, applied, replay }
}

test('if the store fails during a replay, the audit log names every delivery that was applied', async () => {
  const { ids, entries, applied, replay } = prepareReplay(450, 205)
  await expect(replay()).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(applied).toEqual(ids.slice(0, 205))
  // Each entry is written before the 200 deliveries that it names are replayed.
  expect(entries).toMatchObject([
    { kind: 'replay', actor: 'operator', subject: null, details: { deliveryIds: ids.slice(0, 200) } },
    { kind: 'replay', actor: 'operator', subject: null, details: { deliveryIds: ids.slice(200, 400) } },
  ])
})

test('an audit entry for only one delivery names it as its subject', async () => {
  const { entries, replay } = prepareReplay(201, 201)
  expect(await replay()).toMatchObject({ total: 201, byOutcome: { applied: 201 } })
  expect(entries).toMatchObject([{ subject: null }, { subject: 'dlv_200', details: null }])
})
