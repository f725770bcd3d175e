import { CLOCK_SLACK_MS } from './due-time.ts'

/** Where a deletion of old rows continues: after row `n` of this table. Submissions come first. */
export type RetentionPlace = { table: 'submissions' | 'deliveries'; n: number }

/**
 * What happens to the next row, in the order of insertion, when old ones are deleted. `keep`: it is needed, or a wrong clock has
 * dated it into the future. `young`: nothing older follows, unless a wrong clock has dated this row.
 */
export function retainRow(
  { isNeeded, at }: { isNeeded: boolean; at: number },
  { now, before }: { now: number; before: number },
): 'delete' | 'keep' | 'young' {
  if (at > now + CLOCK_SLACK_MS) return 'keep'
  if (at >= before) return 'young'
  return isNeeded ? 'keep' : 'delete'
}

/** What an old submission may still be needed for. */
export type SubmissionUses = {
  isBeingSubmitted: boolean
  hasPendingRun: boolean
  /** Its caller is notified at least once. */
  isCallerToBeNotified: boolean
  /** An older one of the same asset was kept. */
  followsKept: boolean
}

export function isSubmissionNeeded(uses: SubmissionUses): boolean {
  return uses.isBeingSubmitted || uses.hasPendingRun || uses.isCallerToBeNotified || uses.followsKept
}

/** Freeing a body reads and overwrites all of its pages: so much at once takes a few milliseconds. */
export const MAX_DELETED_BYTES = 1024 * 1024

/** `bytes` is the size of the bodies that are deleted with it. `fileId` is the asset that a submission belongs to. */
export type RetainedRow = { n: number; at: number; bytes: number; isNeeded: boolean; fileId: string | null }

/**
 * Which of the next rows, in the order of insertion, are deleted in one step. A row of an asset stays behind one that is kept, or
 * an earlier run would become current again. `lastOld` is the last row that is older than `before` by its hour. `next` is the
 * last row that was decided; undefined where nothing older follows.
 */
export function selectOld(
  rows: readonly RetainedRow[],
  rule: { now: number; before: number; lastOld: number },
): { old: number[]; next: number | undefined } {
  const old: number[] = []
  const keptFiles = new Set<string>()
  let bytes = 0
  let next: number | undefined
  for (const { n, at, bytes: size, isNeeded, fileId } of rows) {
    if (bytes >= MAX_DELETED_BYTES) break
    const isBehindKept = fileId !== null && keptFiles.has(fileId)
    const decision = retainRow({ isNeeded: isNeeded || isBehindKept, at }, rule)
    if (decision === 'young' && n > rule.lastOld) return { old, next: undefined }
    if (decision === 'delete') {
      old.push(n)
      bytes += size
    } else if (fileId !== null) keptFiles.add(fileId)
    next = n
  }
  return { old, next }
}

/** A body, and how many bytes it has. */
type StoredBody = { n: number; receivedAt: number; bytes: number }

/** Which of the next bodies, in the order of insertion, are pruned in one step. `next` is the last one that was decided. */
export function selectOldBodies<Body extends StoredBody>(
  bodies: readonly Body[],
  receivedBefore: number,
): { old: Body[]; next: number | undefined } {
  const old: Body[] = []
  let bytes = 0
  let next: number | undefined
  for (const body of bodies) {
    if (bytes >= MAX_DELETED_BYTES) break
    next = body.n
    if (body.receivedAt >= receivedBefore) continue
    old.push(body)
    bytes += body.bytes
  }
  return { old, next }
}
