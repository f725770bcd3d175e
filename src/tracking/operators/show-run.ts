import { TrackerError } from '../../domain/errors.ts'
import type { RunHistory } from '../../domain/run-history.ts'
import { type TimelineEvent, timelineOf } from '../../domain/timeline.ts'
import type { Store } from '../../store/store.ts'
import type { Links } from '../links.ts'
import { runView } from '../status/run-view.ts'
import { submissionView } from '../status/submission-status-cache.ts'
import { deliveryView } from './list-deliveries.ts'
import { listedRunView } from './list-runs.ts'

export type ShowRunDeps = {
  store: Pick<Store, 'findRunHistory'>
  links: Links
}

/** A run with everything that is known about how it got its status. Throws `not_found`. */
export async function showRun({ store, links }: ShowRunDeps, runId: string) {
  const history = await store.findRunHistory(runId)
  if (history === undefined) throw new TrackerError('not_found', `There is no run ${runId}.`)
  return shownRun(links, history)
}

export function shownRun(links: Links, history: RunHistory) {
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
