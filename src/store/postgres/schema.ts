import { sql } from 'drizzle-orm'
import {
  bigint,
  customType,
  date,
  index,
  json,
  pgSequence,
  pgTable,
  primaryKey,
  smallint,
  uniqueIndex,
} from 'drizzle-orm/pg-core'

/*
 * The tables of `store/sqlite/schema.ts`, which describes the columns. No table has foreign keys, so that a webhook locks only
 * its run. Texts sort by their bytes, as in SQLite. Some of the migration is edited by hand: see CONTRIBUTING.md.
 */

const text = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' })
const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
const int = (name: string) => bigint(name, { mode: 'number' })
const number = () => int('n').primaryKey()
/** The database assigns it when the row is inserted. */
const ownNumber = () => number().generatedByDefaultAsIdentity()
/**
 * The day of the insertion by the database's clock, in UTC, which determines the partition of the delivery's body. For a copied
 * delivery, usually the day of its receipt (`copy-target.ts`).
 */
const insertedOn = () => date('inserted_on').notNull().default(sql`(now() AT TIME ZONE 'UTC')::date`)

export const submissionNumbers = pgSequence('submission_numbers')
export const runNumbers = pgSequence('run_numbers')
/** Also numbers rejected deliveries. */
export const deliveryNumbers = pgSequence('delivery_numbers')

export const submissions = pgTable(
  'submissions',
  {
    n: number(),
    chk: text('chk').notNull(),
    kind: smallint('kind').notNull(),
    state: smallint('state').notNull(),
    owner: int('owner'),
    fileId: text('file_id'),
    fileName: text('file_name'),
    requestId: text('request_id'),
    callerUrl: text('caller_url'),
    keyName: text('key_name'),
    setsDescription: smallint('sets_description').notNull(),
    createdAt: int('created_at').notNull(),
    respondedAt: int('responded_at'),
    updatedAt: int('updated_at').notNull(),
    error: json('error'),
    extensions: json('extensions').notNull(),
    baseline: json('baseline'),
    traceparent: text('traceparent'),
  },
  (table) => [
    index('submissions_file').on(table.fileId, table.n).where(sql`"file_id" IS NOT NULL`),
    index('submissions_name').on(sql`lower("file_name" COLLATE "C")`).where(sql`"file_name" IS NOT NULL`),
    index('submissions_request')
      .on(table.requestId)
      .where(sql`"request_id" IS NOT NULL AND "baseline" IS NULL`),
    index('submissions_owner').on(table.owner).where(sql`"owner" IS NOT NULL`),
  ],
)

export const currentRuns = pgTable(
  'current_runs',
  { fileId: text('file_id').notNull(), name: text('name').notNull(), run: int('run').notNull() },
  (table) => [primaryKey({ columns: [table.fileId, table.name] })],
)

export const runs = pgTable(
  'runs',
  {
    n: number(),
    chk: text('chk').notNull(),
    submission: int('submission').notNull(),
    name: text('name').notNull(),
    requestedAs: text('requested_as'),
    attempt: int('attempt').notNull(),
    requestedAt: int('requested_at').notNull(),
    status: smallint('status').notNull(),
    source: smallint('source').notNull(),
    settledAt: int('settled_at').notNull(),
    updatedAt: int('updated_at').notNull(),
    settledBy: int('settled_by').notNull(),
    boundTo: text('bound_to').notNull(),
    notifiesCaller: smallint('notifies_caller'),
    hidden: smallint('hidden'),
    dueAt: int('due_at'),
    overdue: smallint('overdue'),
    attention: smallint('attention'),
    cause: text('cause'),
    failedAt: int('failed_at'),
    acknowledgedAt: int('acknowledged_at'),
    contradicted: smallint('contradicted'),
    error: json('error'),
    evidence: json('evidence'),
  },
  (table) => [
    uniqueIndex('runs_submission').on(table.submission, table.name),
    index('runs_name').on(table.name, table.n),
    index('runs_due').on(table.dueAt).where(sql`"due_at" IS NOT NULL`),
    index('runs_overdue').on(table.n).where(sql`"overdue" = 1`),
    index('runs_attention')
      .on(table.attention, table.n, table.name, table.cause, table.acknowledgedAt)
      .where(sql`"attention" IS NOT NULL`),
    index('runs_failed').on(table.name, table.failedAt).where(sql`"failed_at" IS NOT NULL`),
    index('runs_acknowledged').on(table.n).where(sql`"acknowledged_at" IS NOT NULL`),
    index('runs_contradicted').on(table.n).where(sql`"contradicted" = 1`),
  ],
)

export const deliveries = pgTable(
  'deliveries',
  {
    n: number(),
    chk: text('chk').notNull(),
    route: smallint('route').notNull(),
    receivedAt: int('received_at').notNull(),
    signature: smallint('signature').notNull(),
    outcome: smallint('outcome').notNull(),
    run: int('run'),
    service: text('service'),
    insertedOn: insertedOn(),
    exception: smallint('exception'),
    submission: int('submission'),
    cause: text('cause'),
    finalStatus: smallint('final_status'),
    fileId: text('file_id'),
    eventId: text('event_id'),
    requestId: text('request_id'),
    unclaimed: json('unclaimed'),
  },
  (table) => [
    index('deliveries_exception').on(table.exception, table.n).where(sql`"exception" IS NOT NULL`),
    index('deliveries_submission').on(table.submission, table.n).where(sql`"submission" IS NOT NULL`),
    index('deliveries_file').on(table.fileId, table.n).where(sql`"file_id" IS NOT NULL`),
    uniqueIndex('deliveries_event').on(table.eventId).where(sql`"event_id" IS NOT NULL`),
    index('deliveries_request').on(table.requestId).where(sql`"request_id" IS NOT NULL`),
  ],
)

/** Partitioned by day (`partitions.ts`): old bodies are dropped with their partition, not deleted row by row. */
export const deliveryBodies = pgTable(
  'delivery_bodies',
  {
    n: int('n').notNull(),
    headers: json('headers').notNull(),
    body: bytes('body').notNull(),
    insertedOn: insertedOn(),
  },
  (table) => [primaryKey({ columns: [table.n, table.insertedOn] })],
)

export const rejectedDeliveries = pgTable(
  'rejected_deliveries',
  {
    n: number(),
    chk: text('chk').notNull(),
    route: smallint('route').notNull(),
    receivedAt: int('received_at').notNull(),
    cause: text('cause').notNull(),
    proven: smallint('proven').notNull(),
    submissionId: text('submission_id'),
    fileId: text('file_id'),
    token: text('token'),
    bytes: int('bytes').notNull(),
    storedBytes: int('stored_bytes').notNull(),
    headers: json('headers').notNull(),
    body: bytes('body').notNull(),
  },
  (table) => [
    index('rejected_deliveries_proven').on(table.proven, table.n, table.storedBytes),
    index('rejected_deliveries_time').on(table.receivedAt, table.cause),
  ],
)

export const counterDeltas = pgTable('counter_deltas', { n: ownNumber(), delta: json('delta').notNull() })

export const counters = pgTable(
  'counters',
  {
    hour: int('hour').notNull(),
    kind: text('kind').notNull(),
    extension: text('extension').notNull(),
    value: text('value').notNull(),
    count: int('count').notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.hour, table.value, table.extension] })],
)

export const dayCounters = pgTable(
  'day_counters',
  {
    day: int('day').notNull(),
    kind: text('kind').notNull(),
    extension: text('extension').notNull(),
    value: text('value').notNull(),
    count: int('count').notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.day, table.value, table.extension] })],
)

export const hours = pgTable('hours', {
  hour: int('hour').primaryKey(),
  firstRun: int('first_run'),
  lastRun: int('last_run'),
  firstDelivery: int('first_delivery'),
  lastDelivery: int('last_delivery'),
})

export const metadata = pgTable('metadata', {
  name: text('name').primaryKey(),
  value: int('value').notNull(),
})

export const processes = pgTable('processes', {
  id: int('id').primaryKey(),
  heartbeatAt: int('heartbeat_at').notNull(),
})

export const leases = pgTable('leases', {
  name: text('name').primaryKey(),
  holder: int('holder').notNull(),
  epoch: int('epoch').notNull(),
  endsAt: int('ends_at').notNull(),
})

export const notifications = pgTable(
  'notifications',
  {
    n: number(),
    target: text('target').notNull(),
    host: text('host').notNull(),
    body: text('body'),
    attempt: int('attempt').notNull(),
    createdAt: int('created_at').notNull(),
    dueAt: int('due_at'),
    result: text('result'),
    reason: text('reason'),
    attempts: json('attempts'),
  },
  (table) => [index('notifications_due').on(table.host, table.dueAt).where(sql`"due_at" IS NOT NULL`)],
)

export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    scope: text('scope').primaryKey(),
    nonce: text('nonce').notNull(),
    claimedAt: int('claimed_at').notNull(),
    fingerprint: text('fingerprint'),
    submission: int('submission'),
    abandoned: smallint('abandoned').notNull(),
    owner: int('owner').notNull(),
    response: json('response'),
  },
  (table) => [
    index('idempotency_keys_age').on(table.claimedAt),
    index('idempotency_keys_submission').on(table.submission).where(sql`"submission" IS NOT NULL`),
    index('idempotency_keys_in_progress').on(table.scope).where(sql`"response" IS NULL`),
  ],
)

export const retries = pgTable('retries', {
  n: ownNumber(),
  retryId: text('retry_id').notNull().unique(),
  createdAt: int('created_at').notNull(),
  actor: text('actor').notNull(),
})

export const retryItems = pgTable(
  'retry_items',
  {
    n: ownNumber(),
    retry: int('retry').notNull(),
    run: int('run').notNull(),
    state: text('state').notNull(),
    submission: int('submission'),
    owner: int('owner'),
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

export const auditLog = pgTable(
  'audit_log',
  {
    n: ownNumber(),
    at: int('at').notNull(),
    actor: text('actor').notNull(),
    kind: text('kind').notNull(),
    subject: text('subject'),
    reason: text('reason'),
    details: json('details'),
  },
  (table) => [index('audit_log_subject').on(table.subject)],
)

export const alerts = pgTable(
  'alerts',
  {
    kind: text('kind').notNull(),
    extension: text('extension').notNull(),
    alertId: text('alert_id').notNull(),
    state: text('state').notNull(),
    since: int('since').notNull(),
    passedAt: int('passed_at').notNull(),
    resolvedAt: int('resolved_at'),
    value: int('value').notNull(),
    isReported: smallint('is_reported').notNull(),
  },
  (table) => [primaryKey({ columns: [table.kind, table.extension] })],
)

export const endedSessions = pgTable(
  'ended_sessions',
  { sessionId: text('session_id').primaryKey(), endsAt: int('ends_at').notNull() },
  (table) => [index('ended_sessions_end').on(table.endsAt)],
)

export const signInFailures = pgTable(
  'sign_in_failures',
  { name: text('name').primaryKey(), times: json('times').notNull(), latestAt: int('latest_at').notNull() },
  (table) => [index('sign_in_failures_latest').on(table.latestAt)],
)

export const forgotten = pgTable('forgotten', {
  digest: bytes('digest').primaryKey(),
  at: int('at').notNull(),
})

export const probes = pgTable('probes', { n: ownNumber(), filler: bytes('filler').notNull() })
