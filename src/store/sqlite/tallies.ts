import type { Run } from '../../domain/run.ts'
import { groupOf } from '../../domain/run-group.ts'
import { type Tally, tallyChange } from '../../domain/tally.ts'
import { createGroupIds } from './group-ids.ts'
import type { Statements } from './statements.ts'

/** What the steps of one transaction add up to. It is counted in memory and written once, right before the commit. */
export type Tallies = {
  /** A run was changed; undefined where it is not listed. Returns the group in which it is now. */
  change(before: Run | undefined, after: Run | undefined): number | null
  /** How much was counted so far, for `rollBackTo`. */
  mark(): number
  /** Takes back what a step counted that was rolled back. */
  rollBackTo(mark: number): void
  /** Inside of the transaction. */
  write(): void
  end(isCommitted: boolean): void
}

type Count =
  | { kind: 'group'; groupId: number; delta: number }
  | { kind: 'hour'; tally: Tally }
  | { kind: 'requested'; at: number }

export function createTallies(statements: Statements): Tallies {
  const groupIds = createGroupIds(statements)
  let counts: Count[] = []
  let committedSeq = statements.findNewestSeq.get()?.seq ?? 0
  let writtenSeq = committedSeq

  const writeGroups = () => {
    const sizes = new Map<number, number>()
    for (const count of counts)
      if (count.kind === 'group') sizes.set(count.groupId, (sizes.get(count.groupId) ?? 0) + count.delta)
    for (const [groupId, delta] of sizes) if (delta !== 0) statements.resizeGroup.run({ groupId, delta })
  }
  const writeHours = () => {
    const hours = new Map<string, Omit<Tally, 'delta'> & { delta: number }>()
    for (const count of counts) {
      if (count.kind !== 'hour') continue
      const { delta, ...tally } = count.tally
      if (tally.kind === 'failed') tally.value = groupIds.boundCause(tally.extension, tally.value)
      const key = JSON.stringify(tally)
      hours.set(key, { ...tally, delta: (hours.get(key)?.delta ?? 0) + delta })
    }
    for (const tally of hours.values()) if (tally.delta !== 0) statements.addTally.run(tally)
  }
  const writeBlocks = () => {
    const times = counts.flatMap((count) => (count.kind === 'requested' ? [count.at] : []))
    if (times.length === 0) return
    writtenSeq = statements.findNewestSeq.get()?.seq ?? 0
    const [leastAt, greatestAt] = [Math.min(...times), Math.max(...times)]
    const first = blockOf(Math.min(committedSeq + 1, writtenSeq))
    for (let block = first; block <= blockOf(writtenSeq); block += 1)
      statements.widenBlock.run({ block, leastAt, greatestAt })
  }

  return {
    change(before, after) {
      const groupId = after ? groupIds.idOf(groupOf(after)) : null
      const beforeId = before ? groupIds.idOf(groupOf(before)) : null
      if (beforeId !== groupId) {
        if (beforeId !== null) counts.push({ kind: 'group', groupId: beforeId, delta: -1 })
        if (groupId !== null) counts.push({ kind: 'group', groupId, delta: 1 })
      }
      if (after === undefined) return groupId
      if (before === undefined) counts.push({ kind: 'requested', at: after.requestedAt })
      for (const tally of tallyChange(before, after)) counts.push({ kind: 'hour', tally })
      return groupId
    },
    mark: () => counts.length,
    rollBackTo(mark) {
      counts.length = mark
      groupIds.forgetUncommitted()
    },
    write() {
      writeGroups()
      writeHours()
      writeBlocks()
    },
    end(isCommitted) {
      counts = []
      if (isCommitted) {
        committedSeq = writtenSeq
        groupIds.committed()
      } else {
        writtenSeq = committedSeq
        groupIds.forgetUncommitted()
      }
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
