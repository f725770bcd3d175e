import type { AssetFacts } from '../../../src/domain/asset.ts'
import { requestedRun } from '../../../src/domain/run.ts'
import type { StatusSnapshot } from '../../../src/tracking/status/status-snapshot.ts'

/** A pending asset; assets of different versions differ only in the version. */
function factsOf(fileId: string, version: number): AssetFacts {
  const run = requestedRun({ runId: 'r', submissionId: 's', name: 'remove-bg', attempt: 1, at: version })
  return { fileId, recordedAt: version, runs: [run] }
}

export function versionOf(snapshot: StatusSnapshot | undefined): number {
  return Date.parse(snapshot?.body.match(/"updatedAt":"([^"]+)"/)?.[1] ?? '')
}

/** A store whose reads return the state at the moment they begin, and end when the test ends them. */
export function createSlowStore() {
  let version = 0
  let readsBegun = 0
  const ends: (() => void)[] = []
  return {
    findAsset(fileId: string): Promise<AssetFacts | undefined> {
      readsBegun += 1
      const facts = factsOf(fileId, version)
      return new Promise((resolve) => ends.push(() => resolve(facts)))
    },
    commit(next: number) {
      version = next
    },
    version: () => version,
    readsBegun: () => readsBegun,
    end: (index: number) => ends.splice(index % Math.max(ends.length, 1), 1).forEach((end) => end()),
    endAll: async () => {
      for (let idle = 0; idle < 3; ) {
        idle = ends.length === 0 ? idle + 1 : 0
        for (const end of ends.splice(0)) end()
        await tickEnds()
      }
    },
  }
}

export const tickEnds = () => new Promise<void>((resolve) => setImmediate(resolve))
