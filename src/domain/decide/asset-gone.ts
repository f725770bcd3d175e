import { decideStatus } from '../decide-status.ts'
import type { RunRow } from './rows.ts'
import type { Facts, Step } from './step.ts'
import { withRowFields } from './submission-state.ts'

/** Expires the pending runs of an asset, because ImageKit has deleted its file. Returns their number. */
export function recordAssetGone(fileId: string, at: number): Step<number> {
  return {
    keys: [['unsettledOf', fileId]],
    // The commit reports the asset as changed. Only an accepted submission's runs name it themselves.
    more: (facts) => pendingOf(facts, fileId).map(({ submissionId }) => ['submissions', submissionId]),
    decide(facts) {
      const runs = pendingOf(facts, fileId).map((run) => {
        const expired = decideStatus(run, { source: 'expiry', reason: 'asset_gone' }, at).run
        return withRowFields(expired, { ...run, dueAt: null })
      })
      return { result: runs.length, changes: { update: { runs } } }
    },
  }
}

function pendingOf(facts: Facts, fileId: string): RunRow[] {
  return facts.list('unsettledOf', fileId).filter(({ status }) => status === 'pending')
}
