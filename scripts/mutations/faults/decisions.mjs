// See `../faults.mjs` for how a fault is written (`in`, `nth`), and `../edits.mjs` for its operators (`assume`, …) and `$&`.

const CONTRACT = ['sqlite-store']
const TWO_PROCESSES = ['sqlite-shared-database']
const HEARTBEATS = ['heartbeats']

/**
 * A decision changes the wrong rows, writes wrong values, or acts without the claim or the lease that it needs; or a process does not
 * release the lease, or misjudges the lease, the claims, the heartbeat or the trusted clock of another.
 */
export const FAULTS_IN_DECISIONS = [
  {
    name: 'unknown-submission-counts-as-forgotten',
    in: 'decideRecording',
    assume: ['facts.isForgotten', true],
    tests: ['unknown-submission', ...CONTRACT],
  },
  {
    name: 'forgotten-submission-counts-as-unknown',
    in: 'decideRecording',
    assume: ['facts.isForgotten', false],
    tests: ['sqlite-forgetting', ...CONTRACT],
  },
  {
    name: 'body-for-a-forgotten-submission-is-kept',
    in: 'recordForgotten.sent',
    value: 'receivedOf(deliveryId, received).sent',
    tests: ['sqlite-forgetting', ...CONTRACT],
  },
  {
    name: 'replayed-delivery-stays-rejected',
    in: 'replaying',
    property: ['rejected', '[]'],
    tests: CONTRACT,
  },
  {
    name: 'replayed-delivery-gets-a-new-id',
    in: 'idOf',
    replace: ['replayOf', '(replayOf && undefined)'],
    tests: CONTRACT,
  },
  {
    name: 'result-of-a-rejected-delivery-has-an-id',
    // A rejected delivery gets its id only when `keepRejected` stores it.
    in: 'decideRecording',
    property: ['deliveryId', 'idOf(delivery, ids)'],
    tests: CONTRACT,
  },
  {
    name: 'run-is-claimed-by-two-processes',
    in: 'claimRuns',
    replace: ['findDue', "facts.find('runs', runId)"],
    tests: TWO_PROCESSES,
  },
  {
    name: 'process-releases-the-claim-of-another',
    in: 'releaseRuns',
    replace: ['findDue', "facts.find('runs', runId)"],
    tests: TWO_PROCESSES,
  },
  {
    name: 'runs-claimed-by-others-hide-further-due-runs',
    in: 'claimDue',
    compare: ['claimed.size', '>='],
    tests: TWO_PROCESSES,
  },
  {
    name: 'expired-run-stays-due',
    in: 'applyFinding.runs',
    replace: ['null', 'run.dueAt'],
    tests: CONTRACT,
  },
  {
    name: 'new-run-is-due-at-once',
    in: 'applyChange',
    replace: ['state.runs.find', '(at === 0 ? $& : { dueAt: at })'],
    nth: 1,
    tests: CONTRACT,
  },
  {
    name: 'rejected-run-is-listed',
    in: 'applyChange.newFields',
    property: ['isListed', 'true'],
    tests: CONTRACT,
  },
  {
    name: 'run-that-is-listed-again-is-not-overdue',
    in: 'applyChange.newFields',
    property: ['isOverdue', 'false'],
    tests: CONTRACT,
  },
  { name: 'final-run-stays-due', in: 'withRowFields.dueAt', value: 'dueAt', tests: CONTRACT },
  {
    name: 'repeated-result-settles-the-run-again',
    in: 'decideBound',
    replace: ['isSettledByDelivery', "run.source === 'webhook'"],
    tests: CONTRACT,
  },
  {
    name: 'run-names-the-last-claimed-delivery',
    in: 'applyResponse',
    replace: ['decision.claimed.find', 'decision.claimed.findLast($0)'],
    tests: CONTRACT,
  },
  {
    name: 'claimed-delivery-stays-unclaimed',
    in: 'applyResponse.claimed',
    property: ['runId', 'row.runId'],
    tests: CONTRACT,
  },
  {
    name: 'upload-event-before-the-response-is-ignored',
    in: 'respond',
    replace: ['applyEarlyUploadEvents', 'responded'],
    tests: CONTRACT,
  },
  {
    name: 'lease-set-by-a-wrong-clock-never-ends',
    in: 'acquireLease.isOver',
    assume: ['latestDueAt', false],
    tests: ['lease'],
  },
  {
    name: 'new-holder-has-the-same-epoch',
    in: 'acquireLease.epoch',
    replace: ['row.epoch', '($& ?? 1) - 1'],
    nth: 2,
    tests: TWO_PROCESSES,
  },
  {
    name: 'maintenance-runs-without-the-lease',
    in: 'ifLeaseHeld',
    assume: ['holdsLease', true],
    tests: TWO_PROCESSES,
  },
  {
    name: 'start-waits-for-a-dead-lease-holder',
    in: 'takeOver',
    word: ['0', 'ends_at'],
    tests: TWO_PROCESSES,
  },
  {
    name: 'stop-keeps-the-lease',
    in: 'createService.stop',
    replace: ['lease.release', 'Promise.resolve()'],
    tests: ['shutdown-drain'],
  },
  {
    name: 'locked-lease-counts-as-an-outage',
    in: 'createHeartbeat',
    replace: ['log.warn', 'outage.note(false)'],
    tests: ['health-checks'],
  },
  {
    name: 'outage-makes-every-process-seem-to-have-ended',
    in: 'createHeartbeatSeries.note',
    assume: ['follows', false],
    tests: HEARTBEATS,
  },
  {
    name: 'start-makes-other-processes-seem-to-have-ended',
    in: 'provesSilence',
    return: 'last >= first',
    tests: HEARTBEATS,
  },
  {
    name: 'process-counts-as-ended-without-proof',
    in: 'recoverAbandoned',
    assume: ['heartbeatSeries.provesSilence', false],
    tests: ['ended-processes'],
  },
  {
    name: 'clock-trust-of-another-process-is-ignored',
    in: 'createPruner.findTrust',
    replace: ['store.findClockTrust', 'deps.clockTrust()'],
    tests: ['pruner'],
  },
  {
    name: 'retry-item-is-submitted-by-two-processes',
    in: 'submitRetry',
    replace: ["'waiting'", 'item?.state'],
    tests: ['decide/retry'],
  },
  {
    name: 'notification-is-claimed-twice',
    in: 'claimNotification',
    replace: ['dueAt', '(row?.dueAt ?? -1)'],
    tests: TWO_PROCESSES,
  },
  {
    name: 'process-releases-a-notification-of-another',
    in: 'releaseNotification',
    replace: ['claim', '(row?.dueAt ?? -1)'],
    tests: TWO_PROCESSES,
  },
]
