import { receivedOf } from '../../../src/domain/decide/delivery.ts'
import type { DeliveryRow, NotificationRow, RunRow, SubmissionRow } from '../../../src/domain/decide/rows.ts'
import type { NewIds } from '../../../src/domain/ids.ts'
import { aRun, aSubmission, numbered } from '../domain/facts.ts'

/** Assigns the ids `sub-1`, `sub-2`, …, `run-1`, … and `dlv-1`, …. */
export function numberedIds(): NewIds {
  return { submission: numbered('sub'), run: numbered('run'), delivery: numbered('dlv') }
}

export function aSubmissionRow(facts: Partial<SubmissionRow> = {}): SubmissionRow {
  const { extensions: _, baseline: __, ...row } = aSubmission()
  return { ...row, respondedAt: null, ...facts }
}

export function aRunRow(facts: Partial<RunRow> = {}): RunRow {
  const columns = {
    dueAt: 1_500,
    isOverdue: true,
    isListed: true,
    settledBy: null,
    boundTo: null,
    notifiesCaller: false,
  }
  return { ...aRun(), ...columns, ...facts }
}

export function aDeliveryRow(facts: Partial<DeliveryRow> = {}): DeliveryRow {
  const received = { receivedAt: 2_000, headers: {}, body: Buffer.from('{}') }
  return { ...receivedOf('d1', received), outcome: 'ignored', ...facts }
}

export function aNotificationRow(facts: Partial<NotificationRow> = {}): NotificationRow {
  return {
    notificationId: 'msg_run-1',
    runId: 'run-1',
    target: 'https://caller.example/hook',
    host: 'caller.example',
    body: '{}',
    attempt: 1,
    createdAt: 2_000,
    dueAt: 2_000,
    result: null,
    reason: null,
    attempts: [],
    ...facts,
  }
}
