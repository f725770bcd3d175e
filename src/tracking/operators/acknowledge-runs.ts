import type { Act } from '../../domain/act.ts'
import { TrackerError } from '../../domain/errors.ts'
import type { ListedRun } from '../../domain/run-filter.ts'
import { type ListedRunView, listedRunView } from './listed-run-view.ts'

export type AcknowledgeDeps = {
  store: { acknowledgeRuns(runIds: readonly string[], act: Act): Promise<ListedRun[]> }
  clock: () => number
}

/** An operator has seen to these runs: they leave the worklist, and their status stays. Unknown ids are passed over. */
export async function acknowledgeRuns(
  { store, clock }: AcknowledgeDeps,
  request: { runIds: readonly string[]; note: string | null; actor: string },
): Promise<ListedRunView[]> {
  const { runIds, note, actor } = request
  const [only, ...others] = runIds
  const isOne = others.length === 0
  const act: Act = {
    at: clock(),
    actor,
    kind: 'acknowledge',
    subject: isOne ? (only ?? null) : null,
    reason: note,
    details: isOne ? null : { runIds: [...runIds] },
  }
  return (await store.acknowledgeRuns(runIds, act)).map(listedRunView)
}

/** The same for one run. Throws `not_found`. */
export async function acknowledgeRun(
  deps: AcknowledgeDeps,
  { runId, note, actor }: { runId: string; note: string | null; actor: string },
): Promise<ListedRunView> {
  const [run] = await acknowledgeRuns(deps, { runIds: [runId], note, actor })
  if (run === undefined) throw new TrackerError('not_found', `There is no run ${runId}.`)
  return run
}
