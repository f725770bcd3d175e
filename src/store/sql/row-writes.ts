/**
 * A write of one row: `keep` inserts it unless it exists; `save` inserts or updates it by its `key` columns; `update` takes the
 * row's number last. A `statement` may write any number of rows.
 */
export type RowWrite =
  | { kind: 'insert' | 'keep' | 'update'; table: string; columns: readonly string[] }
  | { kind: 'save'; table: string; columns: readonly string[]; key: readonly string[] }
  | { kind: 'statement'; sql: string }

export type Cell = string | number | Buffer | null

/**
 * Each function takes the values of the columns, or the parameters of the statement. The write may be deferred until
 * `flush` (see `createWriteChanges`), which executes writes in the order of `ROW_WRITES`. If a row is saved twice, the last write counts.
 */
export type RowWriter = { readonly [write in keyof typeof ROW_WRITES]: (...values: readonly Cell[]) => void }

/**
 * The columns of a run that a webhook usually changes when it reports success. Then no others are updated, because SQLite rewrites
 * the entries of each index on an updated column.
 */
const SETTLING_COLUMNS = 'status, source, settled_at, updated_at, settled_by'
const OTHER_RUN_COLUMNS = `bound_to, hidden, due_at, overdue, attention, cause, failed_at, acknowledged_at, contradicted,
  error, evidence`

/** The columns of a submission that ImageKit's response or a webhook changes, except the owner and the large ones (`saveDetails`). */
const RESPONSE_COLUMNS = 'state, file_id, file_name, request_id, responded_at, updated_at, error'

/** The columns of a delivery that change when a submission claims it. */
const CLAIM_COLUMNS = 'outcome, run, exception, submission, cause, file_id, request_id, unclaimed'

/** The columns of a notification that an attempt changes. */
const ATTEMPT_COLUMNS = 'due_at, attempt, result, reason, attempts'

/** The first four deletions precede all insertions, because an inserted row may replace a deleted one. */
export const ROW_WRITES = {
  deleteRun: statement('DELETE FROM runs WHERE n = ?'),
  deleteRejected: statement('DELETE FROM rejected_deliveries WHERE n = ?'),
  deleteClaim: statement('DELETE FROM idempotency_keys WHERE scope = ?'),
  deleteSignIn: statement('DELETE FROM sign_in_failures WHERE name = ?'),
  insertSubmission: insert(
    'submissions',
    `n, chk, kind, state, owner, file_id, file_name, request_id, caller_url, key_name, sets_description, created_at,
      responded_at, updated_at, error, extensions, baseline, traceparent`,
  ),
  updateSubmission: update('submissions', RESPONSE_COLUMNS),
  endSubmission: update('submissions', `owner, ${RESPONSE_COLUMNS}`),
  saveDetails: update('submissions', 'extensions, baseline'),
  insertRun: insert(
    'runs',
    `n, chk, submission, name, requested_as, attempt, requested_at, notifies_caller, ${SETTLING_COLUMNS}, ${OTHER_RUN_COLUMNS}`,
  ),
  settleRun: update('runs', SETTLING_COLUMNS),
  updateRun: update('runs', `${SETTLING_COLUMNS}, ${OTHER_RUN_COLUMNS}`),
  insertDelivery: insert(
    'deliveries',
    `n, chk, route, received_at, signature, service, final_status, event_id, ${CLAIM_COLUMNS}`,
  ),
  updateDelivery: update('deliveries', CLAIM_COLUMNS),
  insertBody: insert('delivery_bodies', 'n, headers, body'),
  insertNotification: keep('notifications', `n, target, host, body, created_at, ${ATTEMPT_COLUMNS}`),
  updateNotification: update('notifications', ATTEMPT_COLUMNS),
  endNotification: update('notifications', `body, ${ATTEMPT_COLUMNS}`),
  resendNotification: update('notifications', `body, created_at, ${ATTEMPT_COLUMNS}`),
  saveClaim: save(
    'idempotency_keys',
    'scope',
    'nonce, claimed_at, fingerprint, submission, abandoned, owner, response',
  ),
  updateRetryItem: update('retry_items', 'state, submission, owner, reason'),
  saveLease: save('leases', 'name', 'holder, epoch, ends_at'),
  saveSignIn: save('sign_in_failures', 'name', 'times, latest_at'),
  deleteOldSignIns: statement('DELETE FROM sign_in_failures WHERE latest_at <= ?'),
  deleteSurplusSignIns: statement(
    `DELETE FROM sign_in_failures WHERE latest_at <= (
      SELECT latest_at FROM sign_in_failures ORDER BY latest_at DESC LIMIT 1 OFFSET ?)`,
  ),
  insertAuditEntry: insert('audit_log', 'at, actor, kind, subject, reason, details'),
  insertRetry: insert('retries', 'retry_id, created_at, actor'),
  insertRetryItem: statement(
    `INSERT INTO retry_items (retry, run, state) SELECT n, CAST(? AS BIGINT), 'waiting' FROM retries WHERE retry_id = ?`,
  ),
  saveAlert: save(
    'alerts',
    'kind, extension',
    'alert_id, state, since, passed_at, resolved_at, value, is_reported',
  ),
  deleteAlert: statement('DELETE FROM alerts WHERE alert_id = ? AND state = ?'),
  markAlertReported: statement('UPDATE alerts SET is_reported = 1 WHERE alert_id = ? AND state = ?'),
  deletePastSessions: statement('DELETE FROM ended_sessions WHERE ends_at <= ?'),
  insertEndedSession: keep('ended_sessions', 'session_id, ends_at'),
  saveMetadata: save('metadata', 'name', 'value'),
  saveHeartbeat: save('processes', 'id', 'heartbeat_at'),
  deleteProcesses: statement('DELETE FROM processes WHERE heartbeat_at <= ? AND id <> ?'),
  insertProbe: insert('probes', 'filler'),
  deleteProbes: statement('DELETE FROM probes'),
  appendDelta: insert('counter_deltas', 'delta'),
} as const satisfies { [name: string]: RowWrite }

function insert(table: string, columns: string): RowWrite {
  return { kind: 'insert', table, columns: namesOf(columns) }
}

function keep(table: string, columns: string): RowWrite {
  return { kind: 'keep', table, columns: namesOf(columns) }
}

function save(table: string, key: string, columns: string): RowWrite {
  return { kind: 'save', table, key: namesOf(key), columns: namesOf(columns) }
}

function update(table: string, columns: string): RowWrite {
  return { kind: 'update', table, columns: namesOf(columns) }
}

function statement(sql: string): RowWrite {
  return { kind: 'statement', sql }
}

function namesOf(columns: string): string[] {
  return columns.match(/\w+/g) ?? []
}
