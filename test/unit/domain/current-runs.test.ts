import { expect, test } from 'vitest'
import { submissionsToRefresh } from '../../../src/domain/current-runs.ts'
import { aRunRow, aSubmissionRow } from '../store/rows.ts'

type Rows = Parameters<typeof submissionsToRefresh>[0]

function refreshed(rows: Partial<Rows>) {
  const namesBySubmission = submissionsToRefresh({ submissions: [], runs: [], ...rows })
  return Object.fromEntries([...namesBySubmission].map(([submissionId, names]) => [submissionId, [...names]]))
}

const acceptedRow = aSubmissionRow({ submissionId: 's', fileId: null, state: 'accepted' })
const run = aRunRow({ submissionId: 's', name: 'remove-bg' })

test('current runs may change when a submission is inserted, is bound to a file, or becomes or stops being rejected', () => {
  const change = (facts: Parameters<typeof aSubmissionRow>[0]) =>
    refreshed({ submissions: [{ before: acceptedRow, after: { ...acceptedRow, ...facts } }] })
  expect(change({ fileId: 'file-1' })).toEqual({ s: [] })
  expect(change({ state: 'rejected' })).toEqual({ s: [] })
  expect(change({ state: 'unconfirmed' })).toEqual({})
  expect(refreshed({ submissions: [{ before: undefined, after: acceptedRow }] })).toEqual({ s: [] })
  const rejected = { ...acceptedRow, state: 'rejected' as const }
  expect(refreshed({ submissions: [{ before: rejected, after: acceptedRow }] })).toEqual({ s: [] })
})

test('when a submission gains or loses a run, the current runs with the name of that run, and with the name by which it was requested, may change', () => {
  const named = aRunRow({ submissionId: 's', name: 'google-auto-tagging', requestedAs: 'saved-extension' })
  expect(
    refreshed({
      runs: [
        { before: run, after: undefined },
        { before: undefined, after: named },
      ],
    }),
  ).toEqual({ s: ['remove-bg', 'google-auto-tagging', 'saved-extension'] })
})

test('which runs are current does not change when a run settles', () => {
  expect(refreshed({ runs: [{ before: run, after: { ...run, status: 'success' } }] })).toEqual({})
})
