import { TrackerError } from '../../domain/errors.ts'
import { unitsOf } from '../../domain/extension-units.ts'
import { decideRetry } from '../../domain/retry.ts'
import type { Store } from '../../store/store.ts'
import type { Links } from '../links.ts'
import { refusalOf } from './retry-run.ts'
import { type ShownRun, shownRun } from './show-run.ts'

type InspectRunDeps = {
  store: Pick<Store, 'findRunHistory'>
  links: Links
}

export type InspectedRun = {
  shown: ShownRun
  /** Why it may not be asked for again; null where it may. */
  refusal: string | null
  /** What ImageKit takes for it in extension units; null where that is not known. */
  units: number | null
  /** Where ImageKit has the file, as it told us itself: others may tell any address. */
  fileUrl: string | null
}

/** A run as `showRun` has it, and what an operator can do about it. Throws `not_found`. */
export async function inspectRun({ store, links }: InspectRunDeps, runId: string): Promise<InspectedRun> {
  const history = await store.findRunHistory(runId)
  if (history === undefined) throw new TrackerError('not_found', `There is no run ${runId}.`)
  const decision = decideRetry(history)
  const { kind, baseline } = history.submission
  const { units, unpriced } = unitsOf([history.run.requestedAs ?? history.run.name])
  return {
    shown: shownRun(links, history),
    refusal: decision.kind === 'rejected' ? refusalOf(decision.by).message : null,
    units: unpriced > 0 ? null : units,
    // Baselines that were kept before have none.
    fileUrl: (kind === 'external' ? null : baseline?.url) ?? null,
  }
}
