import { CLOCK_SLACK_MS } from './due-time.ts'

/** Where the deletion of old rows continues: after row `n` of this table. Submissions come first. */
export type RetentionPlace = { table: 'submissions' | 'deliveries'; n: number }

/**
 * Decides about the next row, in insertion order, when old rows are deleted. `keep`: it is needed, or a wrong clock dated it into
 * the future. `young`: it is not older than `before`, so no older row follows, unless a wrong clock dated this one.
 */
export function retainRow(
  { isNeeded, at }: { isNeeded: boolean; at: number },
  { now, before }: { now: number; before: number },
): 'delete' | 'keep' | 'young' {
  if (at > now + CLOCK_SLACK_MS) return 'keep'
  if (at >= before) return 'young'
  return isNeeded ? 'keep' : 'delete'
}

/** The reasons why an old submission may still be needed. */
export type SubmissionUses = {
  isBeingSubmitted: boolean
  hasPendingRun: boolean
  /** At least one notification to its caller has not ended. */
  hasOpenNotification: boolean
  /** An older submission of the same asset was kept. */
  followsKept: boolean
}

/** An old submission is kept for as long as any of these reasons applies. */
export function isSubmissionNeeded(uses: SubmissionUses): boolean {
  return uses.isBeingSubmitted || uses.hasPendingRun || uses.hasOpenNotification || uses.followsKept
}

/** Deleting a body reads and overwrites all of its pages; this much at once takes a few milliseconds. */
export const MAX_DELETED_BYTES = 1024 * 1024

/** A row that may be deleted. `bytes` is the size of the bodies deleted with it. `fileId` is the asset of a submission. */
export type RetentionCandidate = {
  n: number
  at: number
  bytes: number
  isNeeded: boolean
  fileId: string | null
}

/**
 * Selects which of the next rows, in insertion order, are deleted in one step. If a row is kept, later rows of the same asset are
 * kept, too: otherwise an earlier run would become current again. `lastOld` is the last row recorded before the hour of `before`;
 * a young row up to it was dated by a wrong clock. The next step continues after row `next`, the last one that was decided;
 * `next` is undefined if no older row follows.
 */
export function selectOld(
  rows: readonly RetentionCandidate[],
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

type StoredBody = { n: number; receivedAt: number; bytes: number }

/**
 * Selects which of the next bodies, in insertion order, are pruned in one step. The next step continues after body `next`, the
 * last one that was decided.
 */
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
