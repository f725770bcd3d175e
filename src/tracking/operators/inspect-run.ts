import { TrackerError } from '../../domain/errors.ts'
import { decideRetry, unitsOf } from '../../domain/retry.ts'
import type { Store } from '../../store/store.ts'
import type { Links } from '../links.ts'
import { rejectionOf } from './retry-run.ts'
import { type ShownRun, shownRun } from './show-run.ts'

export type InspectRunDeps = {
  store: Pick<Store, 'findRunHistory'>
  links: Links
}

export type InspectedRun = {
  shown: ShownRun
  /** Why the run can't be retried; null if it can. */
  rejection: string | null
  /** The cost of a retry in ImageKit's extension units; null if it is not known. */
  units: number | null
  /** The file's URL, only if ImageKit itself returned it to us: other callers could send any URL. */
  fileUrl: string | null
}

/** A run as `showRun` returns it, plus what an operator can do about it. Throws `not_found`. */
export async function inspectRun({ store, links }: InspectRunDeps, runId: string): Promise<InspectedRun> {
  const history = await store.findRunHistory(runId)
  if (history === undefined) throw new TrackerError('not_found', `There is no run ${runId}.`)
  const decision = decideRetry(history)
  const { kind, baseline } = history.submission
  const { units, unpriced } = unitsOf([history.run.requestedAs ?? history.run.name])
  return {
    shown: shownRun(links, history),
    rejection: decision.kind === 'rejected' ? rejectionOf(decision.by).message : null,
    units: unpriced > 0 ? null : units,
    // Older baselines have no URL.
    fileUrl: (kind === 'external' ? null : baseline?.url) ?? null,
  }
}
