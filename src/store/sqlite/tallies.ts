import type { Run } from '../../domain/run.ts'
import { groupOf } from '../../domain/run-group.ts'
import { type Tally, tallyChange } from '../../domain/tally.ts'
import { createGroupIds } from './group-ids.ts'
import { createHourCounts } from './hour-counts.ts'
import type { Statements } from './statements.ts'

/** A run as it is stored, with the group in which it is listed; null where it is not. */
type GroupedRun = { run: Run; groupId: number | null }

/** What one transaction adds up to. It is counted in memory and written once, right before the commit. */
export type Tallies = {
  /** A run was changed; `after` is undefined where it is not listed any more. Returns the group in which it is now. */
  change(before: GroupedRun | undefined, after: Run | undefined): number | null
  /** A run was inserted. */
  place(seq: number, requestedAt: number): void
  /** Inside of the transaction. */
  write(): void
  end(isCommitted: boolean): void
}

type Count =
  | { kind: 'group'; groupId: number; cause: string; delta: 1 | -1 }
  | { kind: 'hour'; tally: Tally }
  | { kind: 'place'; block: number; requestedAt: number }

export function createTallies(statements: Statements): Tallies {
  const groupIds = createGroupIds(statements)
  const hourCounts = createHourCounts(statements)
  let counts: Count[] = []

  const writeGroups = () => {
    const sizes = new Map<number, number>()
    const left = new Set<number>()
    for (const count of counts) {
      if (count.kind !== 'group') continue
      const { groupId, cause, delta } = count
      sizes.set(groupId, (sizes.get(groupId) ?? 0) + delta)
      if (delta < 0 && cause !== '') left.add(groupId)
    }
    for (const [groupId, delta] of sizes) if (delta !== 0) statements.resizeGroup.run({ groupId, delta })
    // A cause is made of what an error says, so it goes with the last run that had it.
    for (const groupId of left)
      if (statements.deleteEmptyGroup.run({ groupId }).changes > 0) groupIds.removed()
  }
  const writeBlocks = () => {
    const blocks = new Map<number, { leastAt: number; greatestAt: number }>()
    for (const count of counts) {
      if (count.kind !== 'place') continue
      const { block, requestedAt: at } = count
      const { leastAt, greatestAt } = blocks.get(block) ?? { leastAt: at, greatestAt: at }
      blocks.set(block, { leastAt: Math.min(leastAt, at), greatestAt: Math.max(greatestAt, at) })
    }
    for (const [block, times] of blocks) statements.widenBlock.run({ block, ...times })
  }

  return {
    change(before, after) {
      const oldId = before?.groupId ?? null
      const old = before && oldId !== null ? { run: before.run, cause: groupIds.causeOf(oldId) } : undefined
      const group = after && groupIds.idOf(groupOf(after))
      const groupId = group?.groupId ?? null
      if (oldId !== groupId) {
        if (old && oldId !== null) counts.push({ kind: 'group', groupId: oldId, cause: old.cause, delta: -1 })
        if (group) counts.push({ kind: 'group', ...group, delta: 1 })
      }
      const now = after && group && { run: after, cause: group.cause }
      for (const tally of tallyChange(old, now)) counts.push({ kind: 'hour', tally })
      return groupId
    },
    place(seq, requestedAt) {
      counts.push({ kind: 'place', block: blockOf(seq), requestedAt })
    },
    write() {
      writeGroups()
      hourCounts.write(counts.flatMap((count) => (count.kind === 'hour' ? [count.tally] : [])))
      writeBlocks()
    },
    end(isCommitted) {
      counts = []
      if (!isCommitted) groupIds.rolledBack()
      groupIds.committed()
      hourCounts.end(isCommitted)
    },
  }
}

const BLOCK_BITS = 10

export function blockOf(seq: number): number {
  return Math.floor(seq / 2 ** BLOCK_BITS)
}

/** The first `seq` of a block. */
export function startOfBlock(block: number): number {
  return block * 2 ** BLOCK_BITS
}
