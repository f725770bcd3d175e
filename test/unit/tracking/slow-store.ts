import type { AssetFacts } from '../../../src/domain/asset.ts'
import { requestedRun } from '../../../src/domain/run.ts'
import type { StatusSnapshot } from '../../../src/tracking/status/status-snapshot.ts'

/** A pending asset. Its revision is its only time, and its revisions differ in nothing else. */
function factsOf(fileId: string, revision: number): AssetFacts {
  const run = requestedRun({ runId: 'r', submissionId: 's', name: 'remove-bg', attempt: 1, at: revision })
  return { fileId, recordedAt: revision, runs: [run] }
}

/** The revision that the snapshot shows; NaN without a snapshot, so that comparisons with it fail. */
export function revisionOf(snapshot: StatusSnapshot | undefined): number {
  return Date.parse(snapshot?.body.match(/"updatedAt":"([^"]+)"/)?.[1] ?? '')
}

/** A store whose assets all have the same revision. A read returns the revision at its start, and ends only when the test ends it. */
export function createSlowStore() {
  let revision = 0
  let readsBegun = 0
  const endReads: (() => void)[] = []
  return {
    findAsset(fileId: string): Promise<AssetFacts | undefined> {
      readsBegun += 1
      const facts = factsOf(fileId, revision)
      return new Promise((resolve) => endReads.push(() => resolve(facts)))
    },
    /** Sets the revision. It may return to an earlier one. */
    commit(next: number) {
      revision = next
    },
    revision: () => revision,
    readsBegun: () => readsBegun,
    /** Ends one of the reads in progress, if there are any. They are ordered by their start; an index beyond the last one wraps around. */
    end: (index: number) =>
      endReads.splice(index % Math.max(endReads.length, 1), 1).forEach((endRead) => endRead()),
    /** Ends all reads, including those that begin because another has ended. */
    endAll: async () => {
      for (let idleTicks = 0; idleTicks < 3; ) {
        idleTicks = endReads.length === 0 ? idleTicks + 1 : 0
        for (const endRead of endReads.splice(0)) endRead()
        await tickEnds()
      }
    },
  }
}

/** Resolves at the end of the event loop's tick. */
export const tickEnds = () => new Promise<void>((resolve) => setImmediate(resolve))
