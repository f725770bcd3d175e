import type { AlertStore } from '../store.ts'
import type { Statements } from './statements.ts'

export function createAlertReads(
  statements: Statements,
  attempt: <T>(work: () => T) => Promise<T>,
): Pick<AlertStore, 'countFailures' | 'listAlerts'> {
  return {
    countFailures: (since, atMost) => attempt(() => countFailures(statements, since, atMost)),
    listAlerts: () => attempt(() => statements.listAlerts.all()),
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
