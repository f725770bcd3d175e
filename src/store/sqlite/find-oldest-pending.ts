import type { Statements } from './statements.ts'

export function findOldestPending(
  statements: Statements,
): { runId: string; requestedAt: number } | undefined {
  const [oldest] = statements.listGroups
    .all()
    .filter(({ status, size }) => status === 'pending' && size > 0)
    .flatMap(({ groupId }) => statements.findOldestOfGroup.get({ groupId }) ?? [])
    .toSorted((one, other) => one.seq - other.seq)
  return oldest && { runId: oldest.runId, requestedAt: oldest.requestedAt }
}
