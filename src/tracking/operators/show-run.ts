import { TrackerError } from '../../domain/errors.ts'
import { decideRetry, unitsOf } from '../../domain/retry.ts'
import type { RunHistory } from '../../domain/run-history.ts'
import { type TimelineEvent, timelineOf } from '../../domain/timeline.ts'
import type { Store } from '../../store/store.ts'
import type { Links } from '../links.ts'
import { runView } from '../status/run-view.ts'
import { submissionView } from '../status/submission-status-cache.ts'
import { deliveryView } from './list-deliveries.ts'
import { listedRunView } from './list-runs.ts'
import { rejectionOf } from './retry-run.ts'

export type ShowRunDeps = {
  store: Pick<Store, 'findRunHistory'>
  links: Links
}

/** A run with everything that is known about how it got its status. Throws `not_found`. */
export async function showRun({ store, links }: ShowRunDeps, runId: string) {
  return shownRun(links, await getRunHistory(store, runId))
}

export type RunWithActions = {
  shown: ShownRun
  /** Why the run can't be retried; null if it can. */
  rejection: string | null
  /** The cost of a retry in ImageKit's extension units; null if it is not known. */
  units: number | null
  /** The file's URL; null if it is unknown, or if a caller reported it, because a caller could send any URL. */
  fileUrl: string | null
}

/** A run as `showRun` returns it, plus what an operator can do about it. Throws `not_found`. */
export async function showRunWithActions(
  { store, links }: ShowRunDeps,
  runId: string,
): Promise<RunWithActions> {
  const history = await getRunHistory(store, runId)
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

async function getRunHistory(store: ShowRunDeps['store'], runId: string): Promise<RunHistory> {
  const history = await store.findRunHistory(runId)
  if (history === undefined) throw new TrackerError('not_found', `There is no run ${runId}.`)
  return history
}

function shownRun(links: Links, history: RunHistory) {
  const { run, submission, siblings, deliveries, currentRunId, previous } = history
  const { kind, fileId, fileName } = submission
  const { extensions: _, ...view } = submissionView(links, { submission, runs: [] })
  const { keyName, requestId, extensions } = submission
  return {
    run: { ...listedRunView({ run, kind, fileId, fileName }), contradicted: run.contradicted, currentRunId },
    submission: { ...view, fileName, keyName, requestId, requested: extensions },
    previous: previous && {
      runId: previous.runId,
      retriedBy: previous.entry?.actor ?? null,
      reason: previous.entry?.reason ?? null,
    },
    siblings: siblings.map(runView),
    deliveries: deliveries.map(deliveryView),
    evidence: run.evidence,
    timeline: timelineOf(history).map(timelineEventView),
  }
}

export type ShownRun = ReturnType<typeof shownRun>

function timelineEventView({ at, ...event }: TimelineEvent) {
  return { at: new Date(at).toISOString(), ...event }
}
