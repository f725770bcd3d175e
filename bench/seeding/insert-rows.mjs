// Rows written as they are, as fast as SQLite takes them.
import { v7 } from 'uuid'

/** Of a final run its webhook, sent twice, and an event about its file; of another one three events. */
export function writeDeliveries(write, run, { submissionSeq, fileId, at }, count) {
  const isFinal = run.settledAt !== null
  for (let each = 0; each < count; each += 1) {
    const isWebhook = isFinal && each < 2
    const receivedAt = (run.settledAt ?? at) + each * 20
    const { lastInsertRowid } = write.delivery.run({
      deliveryId: v7({ msecs: at }),
      route: isWebhook ? 'extension' : 'account',
      receivedAt,
      outcome: isWebhook ? (each === 0 ? 'applied' : 'duplicate') : 'ignored',
      submissionSeq: isWebhook ? submissionSeq : null,
      fileId,
      service: isWebhook ? run.name : null,
      finalStatus: isWebhook ? run.status : null,
      eventId: isWebhook ? null : `${run.runId} ${each}`,
    })
    const body = JSON.stringify({
      service: run.name,
      status: run.status,
      fileId,
      error: run.error,
      at: receivedAt,
    })
    write.body.run(
      lastInsertRowid,
      '{"content-type":"application/json","user-agent":"ImageKit"}',
      Buffer.from(body),
    )
  }
}

export function prepareInserts(connection) {
  return {
    submission: connection.prepare(
      `INSERT INTO submissions (submission_id, kind, state, file_id, file_name, extensions, key_name, request_id, baseline,
         sets_description, created_at, answered_at, updated_at)
       VALUES (@submissionId, 'upload', 'accepted', @fileId, @fileName, @extensions, 'default', @submissionId, '{"aiTags":{}}',
         0, @at, @at + 700, @at + 700)`,
    ),
    run: connection.prepare(
      `INSERT INTO runs (run_id, submission_seq, name, status, source, attempt, requested_at, settled_at, updated_at, due_at,
         error, evidence, contradicted, acknowledged_at, group_id)
       VALUES (@runId, @submissionSeq, @name, @status, @source, 1, @at, @settledAt, @updatedAt, @at + 600000,
         @error, @evidence, 0, @acknowledgedAt, @groupId)`,
    ),
    current: connection.prepare('INSERT INTO current_runs (file_id, name, run_seq) VALUES (?, ?, ?)'),
    delivery: connection.prepare(
      `INSERT INTO deliveries (delivery_id, route, received_at, outcome, signature, submission_seq, file_id, service,
         final_status, event_id)
       VALUES (@deliveryId, @route, @receivedAt, @outcome, 'absent', @submissionSeq, @fileId, @service, @finalStatus, @eventId)`,
    ),
    body: connection.prepare('INSERT INTO delivery_bodies (delivery_seq, headers, body) VALUES (?, ?, ?)'),
  }
}
