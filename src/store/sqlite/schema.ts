import { sql } from 'drizzle-orm'
import { blob, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/*
 * `n` is a row's number in insertion order; with `chk`, 64 random bits as text, it makes the id (`domain/ids.ts`), so no
 * id needs an index. An enumeration with an integer column is stored as its code (`sql/codes.ts`). A webhook that reports a
 * success writes one row of `runs` and inserts one into `deliveries` and one into `delivery_bodies`; no index contains a column
 * that it changes, unless the run is in an exceptional state, such as overdue. Exceptional states have their own columns, which
 * are NULL otherwise. In `submissions`, `runs` and `deliveries`, JSON columns come last, so that earlier columns are read without
 * them.
 */

export const submissions = sqliteTable(
  'submissions',
  {
    n: integer('n').primaryKey(),
    chk: text('chk').notNull(),
    kind: integer('kind').notNull(),
    state: integer('state').notNull(),
    /** The process that is submitting it; NULL afterwards, and for an upload made elsewhere. */
    owner: integer('owner'),
    fileId: text('file_id'),
    fileName: text('file_name'),
    requestId: text('request_id'),
    callerUrl: text('caller_url'),
    keyName: text('key_name'),
    setsDescription: integer('sets_description').notNull(),
    createdAt: integer('created_at').notNull(),
    respondedAt: integer('responded_at'),
    updatedAt: integer('updated_at').notNull(),
    error: text('error'),
    extensions: text('extensions').notNull(),
    baseline: text('baseline'),
    traceparent: text('traceparent'),
  },
  (table) => [
    index('submissions_file').on(table.fileId, table.n).where(sql`"file_id" IS NOT NULL`),
    index('submissions_name').on(sql`"file_name" COLLATE NOCASE`).where(sql`"file_name" IS NOT NULL`),
    index('submissions_request')
      .on(table.requestId)
      .where(sql`"request_id" IS NOT NULL AND "baseline" IS NULL`),
    index('submissions_owner').on(table.owner).where(sql`"owner" IS NOT NULL`),
  ],
)

/**
 * The current run of each extension of an asset, so that a status costs the same however many submissions the asset has. Written
 * when a submission is bound to its file, becomes or stops being rejected, gains or loses a run, or is deleted; not by a webhook
 * that only settles a run.
 */
export const currentRuns = sqliteTable(
  'current_runs',
  { fileId: text('file_id').notNull(), name: text('name').notNull(), run: integer('run').notNull() },
  (table) => [primaryKey({ columns: [table.fileId, table.name] })],
)

export const runs = sqliteTable(
  'runs',
  {
    n: integer('n').primaryKey(),
    chk: text('chk').notNull(),
    submission: integer('submission').notNull(),
    name: text('name').notNull(),
    requestedAs: text('requested_as'),
    attempt: integer('attempt').notNull(),
    requestedAt: integer('requested_at').notNull(),
    status: integer('status').notNull(),
    source: integer('source').notNull(),
    /** The time of the final status; before that, a filler of the same width, so that a row does not grow when it settles. */
    settledAt: integer('settled_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
    /** The number of the delivery that settled it; before that, or if none did, a negative filler. */
    settledBy: integer('settled_by').notNull(),
    /** The asset of its submission while the submission is accepted and bound to one; else a filler. */
    boundTo: text('bound_to').notNull(),
    /** 1 if its submission has a caller to notify. */
    notifiesCaller: integer('notifies_caller'),
    /** 1 while its submission is rejected. */
    hidden: integer('hidden'),
    /** The time of its next check; NULL while none is planned, such as before the run is overdue, or once it is final. */
    dueAt: integer('due_at'),
    /** 1 for a pending run that the sweep has found overdue, or whose submission was rejected before; else NULL. */
    overdue: integer('overdue'),
    /** 1: failed. 2: expired. NULL for other statuses, and while its submission is rejected. */
    attention: integer('attention'),
    /** Why it failed (`domain/failure-cause.ts`); NULL for other statuses. */
    cause: text('cause'),
    /** When it failed; NULL for other statuses, and while its submission is rejected. */
    failedAt: integer('failed_at'),
    acknowledgedAt: integer('acknowledged_at'),
    contradicted: integer('contradicted'),
    error: text('error'),
    evidence: text('evidence'),
  },
  (table) => [
    uniqueIndex('runs_submission').on(table.submission, table.name),
    index('runs_name').on(table.name, table.n),
    index('runs_due').on(table.dueAt).where(sql`"due_at" IS NOT NULL`),
    index('runs_overdue').on(table.n).where(sql`"overdue" = 1`),
    index('runs_attention')
      .on(table.attention, table.n, table.name, table.cause, table.acknowledgedAt)
      .where(sql`"attention" IS NOT NULL`),
    // By failure time: a run requested long ago that fails now is among the latest failures.
    index('runs_failed').on(table.name, table.failedAt).where(sql`"failed_at" IS NOT NULL`),
    index('runs_acknowledged').on(table.n).where(sql`"acknowledged_at" IS NOT NULL`),
    index('runs_contradicted').on(table.n).where(sql`"contradicted" = 1`),
  ],
)

export const deliveries = sqliteTable(
  'deliveries',
  {
    n: integer('n').primaryKey(),
    chk: text('chk').notNull(),
    route: integer('route').notNull(),
    receivedAt: integer('received_at').notNull(),
    signature: integer('signature').notNull(),
    outcome: integer('outcome').notNull(),
    run: integer('run'),
    service: text('service'),
    /**
     * The outcome, repeated; NULL for an applied extension webhook. If it was applied when it arrived, all columns below are NULL,
     * too.
     */
    exception: integer('exception'),
    submission: integer('submission'),
    cause: text('cause'),
    finalStatus: integer('final_status'),
    fileId: text('file_id'),
    /** Only for the first delivery of the event, not for its repetitions. */
    eventId: text('event_id'),
    /** The request id of the upload whose end it reports, until that upload's submission claims it, or its body is pruned. */
    requestId: text('request_id'),
    /** The error, or the end of an upload, that a submission may claim later. */
    unclaimed: text('unclaimed'),
  },
  (table) => [
    index('deliveries_exception').on(table.exception, table.n).where(sql`"exception" IS NOT NULL`),
    index('deliveries_submission').on(table.submission, table.n).where(sql`"submission" IS NOT NULL`),
    index('deliveries_file').on(table.fileId, table.n).where(sql`"file_id" IS NOT NULL`),
    uniqueIndex('deliveries_event').on(table.eventId).where(sql`"event_id" IS NOT NULL`),
    index('deliveries_request').on(table.requestId).where(sql`"request_id" IS NOT NULL`),
  ],
)

/** Separate from `deliveries`, so that pruning bodies frees whole pages, and lists never read bodies. */
export const deliveryBodies = sqliteTable('delivery_bodies', {
  n: integer('n').primaryKey(),
  headers: text('headers').notNull(),
  body: blob('body', { mode: 'buffer' }).notNull(),
})

/** Shares its numbers with `deliveries`: a replayed delivery keeps its id. */
export const rejectedDeliveries = sqliteTable(
  'rejected_deliveries',
  {
    n: integer('n').primaryKey(),
    chk: text('chk').notNull(),
    route: integer('route').notNull(),
    receivedAt: integer('received_at').notNull(),
    cause: text('cause').notNull(),
    /** 1 if the token is valid, and so identifies the submission. */
    proven: integer('proven').notNull(),
    submissionId: text('submission_id'),
    fileId: text('file_id'),
    token: text('token'),
    /** The size of the received body, as far as it is known. */
    bytes: integer('bytes').notNull(),
    /** The size of `body`, which may be incomplete. */
    storedBytes: integer('stored_bytes').notNull(),
    headers: text('headers').notNull(),
    body: blob('body', { mode: 'buffer' }).notNull(),
  },
  (table) => [
    // Contains everything that eviction needs, so that eviction reads no bodies.
    index('rejected_deliveries_proven').on(table.proven, table.n, table.storedBytes),
    index('rejected_deliveries_time').on(table.receivedAt, table.cause),
  ],
)

/**
 * Each batch appends its counter changes as JSON, and a job folds them into `counters`, `day_counters` and `hours`. Thus no batch
 * rewrites another batch's row.
 */
export const counterDeltas = sqliteTable('counter_deltas', {
  n: integer('n').primaryKey(),
  delta: text('delta').notNull(),
})

/** `hour` in hours since the epoch; -1 for the present number of runs, which belongs to no hour. */
export const counters = sqliteTable(
  'counters',
  {
    hour: integer('hour').notNull(),
    kind: text('kind').notNull(),
    extension: text('extension').notNull(),
    value: text('value').notNull(),
    count: integer('count').notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.hour, table.value, table.extension] })],
)

/** The counters of hours, summed by day (UTC). `day` in days since the epoch. */
export const dayCounters = sqliteTable(
  'day_counters',
  {
    day: integer('day').notNull(),
    kind: text('kind').notNull(),
    extension: text('extension').notNull(),
    value: text('value').notNull(),
    count: integer('count').notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.day, table.value, table.extension] })],
)

/**
 * The lowest and highest row numbers of the runs requested, and of the deliveries received, in each hour. They convert a range of
 * times to a range of row numbers.
 */
export const hours = sqliteTable('hours', {
  hour: integer('hour').primaryKey(),
  firstRun: integer('first_run'),
  lastRun: integer('last_run'),
  firstDelivery: integer('first_delivery'),
  lastDelivery: integer('last_delivery'),
})

/** Positions of jobs that go through a table, and other single numbers. */
export const metadata = sqliteTable('metadata', {
  name: text('name').primaryKey(),
  value: integer('value').notNull(),
})

/** Processes that use the database, with their last heartbeat. One that has ended stays until its silence is noticed. */
export const processes = sqliteTable('processes', {
  id: integer('id').primaryKey(),
  heartbeatAt: integer('heartbeat_at').notNull(),
})

/** Exclusive locks for work that only one process may do. */
export const leases = sqliteTable('leases', {
  name: text('name').primaryKey(),
  /** The process that acquired it last; 0 once it is released. */
  holder: integer('holder').notNull(),
  /** Increases with each new holder. */
  epoch: integer('epoch').notNull(),
  endsAt: integer('ends_at').notNull(),
})

/** `n` is the number of the run; at most one notification per run. */
export const notifications = sqliteTable(
  'notifications',
  {
    n: integer('n').primaryKey(),
    target: text('target').notNull(),
    host: text('host').notNull(),
    /** NULL, like `due_at`, once the notification has ended. */
    body: text('body'),
    attempt: integer('attempt').notNull(),
    createdAt: integer('created_at').notNull(),
    dueAt: integer('due_at'),
    result: text('result'),
    reason: text('reason'),
    /** The latest attempts as JSON; NULL before the first. */
    attempts: text('attempts'),
  },
  (table) => [index('notifications_due').on(table.host, table.dueAt).where(sql`"due_at" IS NOT NULL`)],
)

export const idempotencyKeys = sqliteTable(
  'idempotency_keys',
  {
    scope: text('scope').primaryKey(),
    /** The nonce of the request that has claimed the key. */
    nonce: text('nonce').notNull(),
    claimedAt: integer('claimed_at').notNull(),
    fingerprint: text('fingerprint'),
    submission: integer('submission'),
    /** 1 if its process ended without storing a response, and ImageKit may have the submission. */
    abandoned: integer('abandoned').notNull(),
    /** The process that wrote this row last. */
    owner: integer('owner').notNull(),
    response: text('response'),
  },
  (table) => [
    index('idempotency_keys_age').on(table.claimedAt),
    index('idempotency_keys_submission').on(table.submission).where(sql`"submission" IS NOT NULL`),
    index('idempotency_keys_in_progress').on(table.scope).where(sql`"response" IS NULL`),
  ],
)

/** Retries of many runs, each requested by an operator (`actor`). */
export const retries = sqliteTable('retries', {
  n: integer('n').primaryKey(),
  retryId: text('retry_id').notNull().unique(),
  createdAt: integer('created_at').notNull(),
  actor: text('actor').notNull(),
})

export const retryItems = sqliteTable(
  'retry_items',
  {
    n: integer('n').primaryKey(),
    retry: integer('retry').notNull(),
    run: integer('run').notNull(),
    state: text('state').notNull(),
    /** The submission that retries the run. */
    submission: integer('submission'),
    /** The process that is submitting it; NULL before and afterwards. */
    owner: integer('owner'),
    reason: text('reason'),
  },
  (table) => [
    index('retry_items_retry').on(table.retry, table.state),
    index('retry_items_waiting').on(table.n).where(sql`"state" = 'waiting'`),
    index('retry_items_submitting').on(table.n).where(sql`"state" = 'submitting'`),
    index('retry_items_run').on(table.run),
    index('retry_items_submission').on(table.submission).where(sql`"submission" IS NOT NULL`),
  ],
)

/** The actions of operators. */
export const auditLog = sqliteTable(
  'audit_log',
  {
    n: integer('n').primaryKey(),
    at: integer('at').notNull(),
    actor: text('actor').notNull(),
    kind: text('kind').notNull(),
    subject: text('subject'),
    reason: text('reason'),
    details: text('details'),
  },
  (table) => [index('audit_log_subject').on(table.subject)],
)

/** See `Alert` in `domain/alert.ts`. */
export const alerts = sqliteTable(
  'alerts',
  {
    kind: text('kind').notNull(),
    extension: text('extension').notNull(),
    alertId: text('alert_id').notNull(),
    state: text('state').notNull(),
    since: integer('since').notNull(),
    passedAt: integer('passed_at').notNull(),
    resolvedAt: integer('resolved_at'),
    value: integer('value').notNull(),
    isReported: integer('is_reported').notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.extension] })],
)

/** Operator sessions that were signed out before they expired. */
export const endedSessions = sqliteTable(
  'ended_sessions',
  { sessionId: text('session_id').primaryKey(), endsAt: integer('ends_at').notNull() },
  (table) => [index('ended_sessions_end').on(table.endsAt)],
)

/**
 * Recent sign-in attempts that failed or have not succeeded yet. A name is the hash of a client's network, or of a key that was
 * tried.
 */
export const signInFailures = sqliteTable(
  'sign_in_failures',
  {
    name: text('name').primaryKey(),
    /** The times of the attempts, as JSON. */
    times: text('times').notNull(),
    latestAt: integer('latest_at').notNull(),
  },
  (table) => [index('sign_in_failures_latest').on(table.latestAt)],
)

/** Hashes of the ids of forgotten assets and of their submissions: the content of later deliveries for these is not stored. */
export const forgotten = sqliteTable('forgotten', {
  digest: blob('digest', { mode: 'buffer' }).primaryKey(),
  at: integer('at').notNull(),
})

/** Written to, and emptied at once, to check that the database can store something. */
export const probes = sqliteTable('probes', {
  n: integer('n').primaryKey(),
  filler: blob('filler', { mode: 'buffer' }).notNull(),
})
