import type { ClockTrust } from '../../domain/due-time.ts'
import type { Statements } from './statements.ts'

/** Freeing a body reads and overwrites all of its pages: so much at once takes a few milliseconds. */
const MAX_BYTES = 1024 * 1024

/** Looks no further than at `limit` bodies, in the order of insertion: the primary key is all it reads by. */
export function pruneBodies(
  statements: Statements,
  receivedBefore: number,
  limit: number,
  after: number | null,
): { pruned: number; next: number | null } {
  const bodies = statements.listBodies.all({ limit, after: after ?? 0 })
  let pruned = 0
  let bytes = 0
  for (const body of bodies) {
    if (bytes >= MAX_BYTES) return { pruned, next: body.seq - 1 }
    if (body.receivedAt >= receivedBefore) continue
    statements.deleteBody.run({ seq: body.seq })
    pruned += 1
    bytes += body.bytes
  }
  return { pruned, next: bodies.length < limit ? null : (bodies.at(-1)?.seq ?? null) }
}

export function findClockTrust(statements: Statements): ClockTrust | null {
  const newestRowAt = findNewestRowAt(statements)
  const unsaved = newestRowAt === null ? null : { trustedAt: newestRowAt, doubtedMs: 0 }
  return statements.findClockTrust.get() ?? unsaved
}

function findNewestRowAt({ findNewestDelivery, findNewestSubmission }: Statements): number | null {
  const last = { before: Number.MAX_SAFE_INTEGER }
  const times = [findNewestDelivery.get(last), findNewestSubmission.get(last)].flatMap((row) => row?.at ?? [])
  return times.length === 0 ? null : Math.max(...times)
}
