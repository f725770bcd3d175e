import { sql } from 'drizzle-orm'
import { blob, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { Basis } from '../../domain/basis.ts'
import type { DeliveryOutcome, DeliveryRoute, RefusalCause, SignatureCheck } from '../../domain/delivery.ts'
import type { StoredAnswer } from '../../domain/idempotency.ts'
import type { Json } from '../../domain/json.ts'
import type { Answer } from '../../domain/judge-answer.ts'
import type { DeliveryCause } from '../../domain/judge-delivery.ts'
import type { NotificationResult } from '../../domain/notification.ts'
import type { FinalStatus, RunSource, RunStatus } from '../../domain/run.ts'
import type {
  Baseline,
  RequestedExtension,
  SubmissionError,
  SubmissionKind,
  SubmissionState,
} from '../../domain/submission.ts'
import { jsonColumn } from './json-column.ts'

// `seq` is the order of insertion, and the only order: times are shown, never compared.

export const submissions = sqliteTable(
  'submissions',
  {
    seq: integer('seq').primaryKey(),
    submissionId: text('submission_id').notNull().unique(),
    kind: text('kind').$type<SubmissionKind>().notNull(),
    state: text('state').$type<SubmissionState>().notNull(),
    fileId: text('file_id'),
    fileName: text('file_name'),
    extensions: jsonColumn<RequestedExtension[]>('extensions').notNull(),
    callerWebhookUrl: text('caller_webhook_url'),
    keyName: text('key_name'),
    requestId: text('request_id'),
    error: jsonColumn<SubmissionError>('error'),
    baseline: jsonColumn<Baseline>('baseline'),
    // Of submissions that are older than the column nobody knows; what may have set a description counts as having done so.
    setsDescription: integer('sets_description', { mode: 'boolean' }).notNull().default(true),
    createdAt: integer('created_at').notNull(),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    index('submissions_by_file').on(table.fileId).where(sql`${table.fileId} IS NOT NULL`),
    index('submissions_under_way').on(table.state).where(sql`${table.state} = 'submitting'`),
    // Of those whose answer has told nothing of a file yet: queued uploads, and what remained unclear.
    index('submissions_unanswered')
      .on(table.requestId)
      .where(sql`${table.requestId} IS NOT NULL AND ${table.baseline} IS NULL`),
  ],
)

export const runs = sqliteTable(
  'runs',
  {
    seq: integer('seq').primaryKey(),
    runId: text('run_id').notNull().unique(),
    submissionSeq: integer('submission_seq')
      .notNull()
      .references(() => submissions.seq, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    requestedAs: text('requested_as'),
    status: text('status').$type<RunStatus>().notNull(),
    source: text('source').$type<RunSource>().notNull(),
    attempt: integer('attempt').notNull(),
    requestedAt: integer('requested_at').notNull(),
    settledAt: integer('settled_at'),
    updatedAt: integer('updated_at').notNull(),
    /** When it is looked at, if it is pending then; null while its submission is rejected. */
    dueAt: integer('due_at'),
    error: jsonColumn<Json>('error'),
    evidence: jsonColumn<Basis>('evidence'),
    contradicted: integer('contradicted', { mode: 'boolean' }).notNull(),
  },
  (table) => [
    uniqueIndex('runs_by_submission').on(table.submissionSeq, table.name),
    index('runs_due').on(table.dueAt).where(sql`${table.status} = 'pending'`),
  ],
)

/** The run of a delivery is the one of its submission with the name `service`, so it is not stored. */
export const deliveries = sqliteTable(
  'deliveries',
  {
    seq: integer('seq').primaryKey(),
    deliveryId: text('delivery_id').notNull().unique(),
    route: text('route').$type<DeliveryRoute>().notNull(),
    receivedAt: integer('received_at').notNull(),
    outcome: text('outcome').$type<DeliveryOutcome>().notNull(),
    cause: text('cause').$type<DeliveryCause>(),
    signature: text('signature').$type<SignatureCheck>().notNull(),
    submissionSeq: integer('submission_seq').references(() => submissions.seq, { onDelete: 'cascade' }),
    /** Set only where the submission that the token names is not here. */
    missingSubmissionId: text('missing_submission_id'),
    fileId: text('file_id'),
    service: text('service'),
    finalStatus: text('final_status').$type<FinalStatus>(),
    /** Kept until a run takes the delivery; afterwards the run has it. */
    unclaimedError: jsonColumn<Json>('unclaimed_error'),
    eventId: text('event_id'),
    /** Of the upload whose end it tells, until the submission of that upload takes it. */
    unclaimedRequestId: text('unclaimed_request_id'),
  },
  (table) => [
    // The derived key of an effect: at most one `applied` or `contradicted` for each (submission, extension, final
    // status). Other deliveries have NULL there, and NULLs never collide; so the same index finds all of a run's
    // deliveries. Written without a comma: drizzle-kit cuts expressions at commas.
    uniqueIndex('deliveries_by_effect').on(
      table.submissionSeq,
      table.service,
      sql`CASE WHEN "outcome" = 'applied' OR "outcome" = 'contradicted' THEN "final_status" END`,
    ),
    // An event takes effect once. Its repetitions are kept too, and bear its id.
    uniqueIndex('deliveries_by_event')
      .on(table.eventId)
      .where(sql`${table.eventId} IS NOT NULL AND ${table.outcome} <> 'duplicate'`),
    index('deliveries_unclaimed_uploads')
      .on(table.unclaimedRequestId)
      .where(sql`${table.unclaimedRequestId} IS NOT NULL`),
  ],
)

/** Apart from `deliveries`, so that pruning them frees whole pages and lists never read them. */
export const deliveryBodies = sqliteTable('delivery_bodies', {
  deliverySeq: integer('delivery_seq')
    .primaryKey()
    .references(() => deliveries.seq, { onDelete: 'cascade' }),
  headers: jsonColumn<{ [name: string]: string }>('headers').notNull(),
  body: blob('body', { mode: 'buffer' }).notNull(),
  /** What an unclaimed delivery tells of an upload. */
  uploadAnswer: jsonColumn<Answer>('upload_answer'),
})

/** What callers are owed to be told, at most one for each run. */
export const notifications = sqliteTable(
  'notifications',
  {
    runSeq: integer('run_seq')
      .primaryKey()
      .references(() => runs.seq, { onDelete: 'cascade' }),
    notificationId: text('notification_id').notNull().unique(),
    target: text('target').notNull(),
    /** Null once it is over. */
    body: text('body'),
    attempt: integer('attempt').notNull(),
    createdAt: integer('created_at').notNull(),
    /** Null once it is over. */
    dueAt: integer('due_at'),
    /** How the latest attempt ended; null before the first. */
    result: text('result').$type<NotificationResult['kind']>(),
    reason: text('reason'),
  },
  (table) => [index('notifications_due').on(table.dueAt).where(sql`${table.dueAt} IS NOT NULL`)],
)

/** Apart from `deliveries`: they are forgotten in the order of their insertion, and touch nothing. */
export const refusedDeliveries = sqliteTable(
  'refused_deliveries',
  {
    seq: integer('seq').primaryKey(),
    deliveryId: text('delivery_id').notNull().unique(),
    route: text('route').$type<DeliveryRoute>().notNull(),
    receivedAt: integer('received_at').notNull(),
    cause: text('cause').$type<RefusalCause>().notNull(),
    token: text('token'),
    headers: jsonColumn<{ [name: string]: string }>('headers').notNull(),
    bytes: integer('bytes').notNull(),
    keptBytes: integer('kept_bytes').notNull(),
    body: blob('body', { mode: 'buffer' }).notNull(),
  },
  // Holds all that decides which of them go, so that no body is read for it.
  (table) => [index('refused_deliveries_sizes').on(table.cause, table.keptBytes)],
)

export const idempotencyKeys = sqliteTable(
  'idempotency_keys',
  {
    scope: text('scope').primaryKey(),
    claimedAt: integer('claimed_at').notNull(),
    fingerprint: text('fingerprint'),
    submissionSeq: integer('submission_seq').references(() => submissions.seq, { onDelete: 'cascade' }),
    /** The process that claimed it is dead. */
    abandoned: integer('abandoned', { mode: 'boolean' }).notNull(),
    answer: jsonColumn<StoredAnswer>('answer'),
  },
  (table) => [
    index('idempotency_keys_by_age').on(table.claimedAt),
    index('idempotency_keys_by_submission').on(table.submissionSeq),
    index('idempotency_keys_unanswered').on(table.scope).where(sql`${table.answer} IS NULL`),
  ],
)

export const probes = sqliteTable('probes', {
  seq: integer('seq').primaryKey(),
  filler: blob('filler', { mode: 'buffer' }).notNull(),
})
