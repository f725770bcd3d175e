import { sql } from 'drizzle-orm'
import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type {
  Baseline,
  RequestedExtension,
  SubmissionError,
  SubmissionKind,
  SubmissionState,
} from '../../../domain/submission.ts'
import { jsonColumn } from '../json-column.ts'

// Of every table `seq` is the order of insertion, and the only order: times are shown, never compared.

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
    /** When ImageKit's answer, or that there is none, was written down. */
    answeredAt: integer('answered_at'),
    updatedAt: integer('updated_at').notNull(),
  },
  (table) => [
    index('submissions_by_file').on(table.fileId).where(sql`${table.fileId} IS NOT NULL`),
    index('submissions_by_name').on(sql`file_name COLLATE NOCASE`).where(sql`${table.fileName} IS NOT NULL`),
    index('submissions_under_way').on(table.state).where(sql`${table.state} = 'submitting'`),
    // Of those whose answer has told nothing of a file yet: queued uploads, and what remained unclear.
    index('submissions_unanswered')
      .on(table.requestId)
      .where(sql`${table.requestId} IS NOT NULL AND ${table.baseline} IS NULL`),
  ],
)
