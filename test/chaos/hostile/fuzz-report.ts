import { expect } from 'vitest'
import type { Target } from './target.ts'

/**
 * The memory may grow by 64 MiB of cached statuses, and by the bodies of 32 callers at once, of 1 MiB each: as bytes, text and objects,
 * until V8 collects them.
 */
const MAX_GROWTH_MIB = 256
/** The highest allowed peak of the service's memory. 407 MiB were measured in the long form. */
const MAX_PEAK_MIB = 1024

export type FuzzReport = {
  /** Counts a status, or the reason why there is none; `fault` is what is wrong with the response to `request`. */
  note(what: number | string, fault?: string, request?: string): void
  fault(text: string): void
  count(what: number | string): number
  /** Expects no faults, a target that still works, no unexpected log lines, and bounded memory. Returns the counts and the memory. */
  finish(): Promise<string>
}

export function createFuzzReport(target: Target): FuzzReport {
  const before = target.memoryMib()
  const counts = new Map<number | string, number>()
  const faults: string[] = []
  return {
    note(what, fault, request = '') {
      counts.set(what, (counts.get(what) ?? 0) + 1)
      if (fault !== undefined) faults.push(`${fault}: ${request}`)
    },
    fault: (text) => void faults.push(text),
    count: (what) => counts.get(what) ?? 0,
    async finish() {
      expect(faults).toEqual([])
      await target.expectWorking()
      expect(target.unexpectedLogLines()).toEqual([])
      const { now, highest } = target.memoryMib()
      expect(now - before.now).toBeLessThan(MAX_GROWTH_MIB)
      expect(highest).toBeLessThan(MAX_PEAK_MIB)
      const seen = [...counts].map(([what, times]) => `${what}: ${times}`)
      return `${seen.sort((a, b) => (a < b ? -1 : 1)).join(', ')}; memory ${before.now} → ${now} MiB, at most ${highest}`
    },
  }
}
