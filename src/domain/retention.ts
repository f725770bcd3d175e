import { CLOCK_SLACK_MS } from './due-time.ts'

/** Where the deletion of old rows continues: after row `n` of this table. Submissions come first. */
export type RetentionPlace = { table: 'submissions' | 'deliveries'; n: number }

/**
 * Decides what the deletion of old rows does with the next row, in insertion order. `keep`: the row is needed, or a wrong clock
 * dated it into the future. `young`: its time is not before `before`, so the rows after it are young, too, unless a wrong clock
 * dated it.
 */
export function decideRetention(
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
  /** Always false for a rejected submission. */
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

/**
 * A step that has selected this many bytes of bodies selects no more. Deleting a body reads and overwrites all its database
 * pages; for this many bytes that takes a few milliseconds.
 */
export const MAX_DELETED_BYTES = 1024 * 1024

/** A row that may be deleted. */
export type RetentionCandidate = {
  n: number
  at: number
  /** The size of the bodies that are deleted with it. */
  bytes: number
  isNeeded: boolean
  /** The asset of a submission; null for a delivery. */
  fileId: string | null
}

/**
 * Selects which of the next rows, in insertion order, are deleted in one step. If a row is kept, later rows of the same asset are
 * kept, too: otherwise an earlier run would become current again. `lastOld` is the last row recorded before the hour of `before`;
 * if a row up to `lastOld` seems young, a wrong clock dated it. The next step continues after row `next`, the last one that was
 * decided; `next` is undefined if there are no rows, or if the rest are young.
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
    const decision = decideRetention({ isNeeded: isNeeded || isBehindKept, at }, rule)
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
 * last one that was decided; `next` is undefined if there are no bodies.
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
