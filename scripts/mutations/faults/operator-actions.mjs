// See `../faults.mjs` for how a fault is written (`in`, `nth`), and `../edits.mjs` for its operators (`assume`, …) and `$&`.

const CONTRACT = ['sqlite-store']
const RETRY = ['operators-retry']

/** A retry, an acknowledgement, an alert or the history of a run is wrong. */
export const FAULTS_IN_OPERATOR_ACTIONS = [
  {
    name: 'retry-of-one-run-is-read-as-one-of-many',
    in: 'findRetried',
    replace: ['retryId', 'runId'],
    nth: 1,
    tests: CONTRACT,
  },
  {
    name: 'retries-ignore-the-rate-limit',
    in: 'createRetrier',
    replace: ['retryAfterMs', '(retryAfterMs && null)'],
    tests: RETRY,
  },
  {
    name: 'deferred-retry-counts-as-rejected',
    in: 'processNextRetry',
    compare: ['retryAfterMs', '!=='],
    tests: RETRY,
  },
  {
    name: 'retry-is-submitted-though-it-was-rejected',
    in: 'submitRetry',
    assume: ['rejection', false],
    tests: [...RETRY, ...CONTRACT],
  },
  { name: 'superseded-run-is-retried', in: 'rejectionOf.currentRunId', value: 'null', tests: CONTRACT },
  {
    name: 'retry-names-no-runs',
    in: 'submitRetry',
    property: ['runIds', 'runs.flatMap(() => [])'],
    tests: CONTRACT,
  },
  { name: 'pending-run-is-acknowledged', in: 'isAcknowledgeable', return: 'true', tests: CONTRACT },
  {
    name: 'alert-fires-again-at-each-check',
    in: 'evaluateAlert',
    assume: ["'firing'", true],
    tests: ['alert'],
  },
  {
    name: 'later-audit-entry-is-the-origin-of-a-retry',
    in: 'describeHistory',
    assume: ['entry.at', true],
    tests: ['run-history'],
  },
  { name: 'run-is-its-own-sibling', in: 'describeHistory', assume: ['sibling.runId', true], tests: CONTRACT },
  {
    name: 'unconfirmed-item-does-not-count-as-failed',
    in: 'progressOf',
    replace: ['UNACCEPTED.some', "state === 'failed'"],
    tests: CONTRACT,
  },
]
