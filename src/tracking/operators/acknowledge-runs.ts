import type { AuditEntry } from '../../domain/audit-entry.ts'
import { TrackerError } from '../../domain/errors.ts'
import { isAcknowledgeable } from '../../domain/run.ts'
import type { Store } from '../../store/store.ts'
import { type ListedRunView, listedRunView } from './listed-run-view.ts'

export type AcknowledgeDeps = {
  store: Pick<Store, 'acknowledgeRuns'>
  clock: () => number
}

/** So many are written in one step: others write in between. */
const ACKNOWLEDGED_AT_ONCE = 200

type Acknowledgement = { runIds: readonly string[]; note: string | null; actor: string }

/**
 * An operator has seen to these runs: they leave the worklist, and their status stays. Unknown ids and pending runs are
 * passed over. Each step is an act of its own.
 */
export async function acknowledgeRuns(
  deps: AcknowledgeDeps,
  request: Acknowledgement,
): Promise<ListedRunView[]> {
  const acknowledged: ListedRunView[] = []
  for (let at = 0; at < request.runIds.length; at += ACKNOWLEDGED_AT_ONCE) {
    const runIds = request.runIds.slice(at, at + ACKNOWLEDGED_AT_ONCE)
    acknowledged.push(...(await acknowledgeAtOnce(deps, { ...request, runIds })))
  }
  return acknowledged
}

async function acknowledgeAtOnce(
  { store, clock }: AcknowledgeDeps,
  { runIds, note, actor }: Acknowledgement,
): Promise<ListedRunView[]> {
  const [only, ...others] = runIds
  const isOne = others.length === 0
  const act: AuditEntry = {
    at: clock(),
    actor,
    kind: 'acknowledge',
    subject: isOne ? (only ?? null) : null,
    reason: note,
    details: isOne ? null : { runIds: [...runIds] },
  }
  return (await store.acknowledgeRuns(runIds, act)).map(listedRunView)
}

/** The same for one run. Throws `not_found`, and `run_pending`. */
export async function acknowledgeRun(
  deps: AcknowledgeDeps & { store: Pick<Store, 'findRunHistory'> },
  { runId, note, actor }: { runId: string; note: string | null; actor: string },
): Promise<ListedRunView> {
  const history = await deps.store.findRunHistory(runId)
  if (history === undefined) throw new TrackerError('not_found', `There is no run ${runId}.`)
  const runIds = isAcknowledgeable(history.run) ? [runId] : []
  const [run] = runIds.length === 0 ? [] : await acknowledgeRuns(deps, { runIds, note, actor })
  if (run === undefined)
    throw new TrackerError('run_pending', 'The run is still pending: there is nothing to see to yet.')
  return run
}
