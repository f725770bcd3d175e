import { decideStatus } from '../decide-status.ts'
import type { Step } from './step.ts'
import { withRowFields } from './submission-state.ts'

/** Expires the pending runs of an asset, because ImageKit has deleted its file. Returns their number. */
export function recordAssetGone(fileId: string, at: number): Step<number> {
  return {
    keys: [['unsettledOf', fileId]],
    decide(facts) {
      const runs = facts
        .list('unsettledOf', fileId)
        .filter(({ status }) => status === 'pending')
        .map((run) => {
          const expired = decideStatus(run, { source: 'expiry', reason: 'asset_gone' }, at).run
          return withRowFields(expired, { ...run, dueAt: null })
        })
      return { result: runs.length, changes: { update: { runs } } }
    },
  }
}
