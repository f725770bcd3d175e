import type { AlertStore } from '../alert-store.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { Statements } from './statements.ts'

export function createAlertStore(deps: {
  statements: Statements
  commit: CommitQueue['commit']
  attempt: <T>(work: () => T) => Promise<T>
}): AlertStore {
  const { statements, commit, attempt } = deps
  return {
    countFailures: (since, atMost) => attempt(() => countFailures(statements, since, atMost)),
    listAlerts: () => attempt(() => statements.listAlerts.all()),
    saveAlerts: (alerts) =>
      commit(() => {
        for (const alert of alerts) statements.saveAlert.run({ ...alert })
      }),
    alertTold: ({ alertId, state }) =>
      commit(() => {
        if (state === 'resolved') statements.deleteAlert.run({ alertId, state })
        else statements.noteAlertTold.run({ alertId, state })
      }),
  }
}

function countFailures(
  statements: Statements,
  since: number,
  atMost: number,
): { extension: string; count: number }[] {
  const groups = statements.listGroups.all().filter(({ status, size }) => status === 'failed' && size > 0)
  return [...new Set(groups.map(({ extension }) => extension))].map((extension) => {
    const count = statements.countFailures.get({ extension, since, atMost })?.size ?? 0
    return { extension, count }
  })
}
