import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { Basis } from '../../../domain/basis.ts'
import type { Json } from '../../../domain/json.ts'
import type { RunSource, RunStatus } from '../../../domain/run.ts'
import type { TallyCount, TallySpan } from '../../../domain/tally.ts'
import { jsonColumn } from '../json-column.ts'
import { submissions } from './submissions.ts'

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
    /** When it is looked at, if it is not settled then; null while its submission is rejected, and for an expired run until its file changes. */
    dueAt: integer('due_at'),
    error: jsonColumn<Json>('error'),
    evidence: jsonColumn<Basis>('evidence'),
    contradicted: integer('contradicted', { mode: 'boolean' }).notNull(),
    acknowledgedAt: integer('acknowledged_at'),
    /** The group in which it is listed; null while its submission is rejected. */
    groupId: integer('group_id').references(() => runGroups.groupId),
  },
  (table) => [
    uniqueIndex('runs_by_submission').on(table.submissionSeq, table.name),
    // A group's runs, newest first: whatever list an operator asks for is read from it in its order.
    index('runs_by_group').on(table.groupId).where(sql`${table.groupId} IS NOT NULL`),
    // Whatever was requested long ago and fails now is among the latest failures.
    index('runs_failed')
      .on(table.name, table.settledAt)
      .where(sql`${table.status} = 'failed' AND ${table.groupId} IS NOT NULL`),
    // Written without a comma: drizzle-kit cuts expressions at commas.
    index('runs_due')
      .on(table.dueAt)
      .where(
        sql`(${table.status} = 'pending' OR ${table.status} = 'expired') AND ${table.dueAt} IS NOT NULL`,
      ),
  ],
)

/**
 * The current run of each extension of an asset, so that a status costs the same however many submissions the asset has. Written
 * when a submission is bound to its file or rejected, or when its runs become others; never when a run is settled.
 */
export const currentRuns = sqliteTable(
  'current_runs',
  {
    fileId: text('file_id').notNull(),
    name: text('name').notNull(),
    runSeq: integer('run_seq').notNull(),
  },
  (table) => [primaryKey({ columns: [table.fileId, table.name] })],
)

/** Runs that are alike to an operator, and how many they are: what is counted is never read. */
export const runGroups = sqliteTable(
  'run_groups',
  {
    groupId: integer('group_id').primaryKey(),
    extension: text('extension').notNull(),
    status: text('status').$type<RunStatus>().notNull(),
    acknowledged: integer('acknowledged', { mode: 'boolean' }).notNull(),
    /** Why they failed; empty where they did not. */
    cause: text('cause').notNull(),
    size: integer('size').notNull(),
  },
  (table) => [
    uniqueIndex('run_groups_by_kind').on(table.extension, table.status, table.acknowledged, table.cause),
  ],
)

/**
 * Between which times the runs of a block of 1024 `seq`s were requested. `seq` follows the clock but for its jumps, so this
 * narrows a span of time down to few blocks, whatever the clock has done.
 */
export const runBlocks = sqliteTable('run_blocks', {
  block: integer('block').primaryKey(),
  leastAt: integer('least_at').notNull(),
  greatestAt: integer('greatest_at').notNull(),
})

/**
 * What has happened in an hour, and in a day: counted when it happened, in both, so that few rows tell of any time. All of it
 * is in one row, which is read and written once for a transaction.
 */
export const tallies = sqliteTable(
  'tallies',
  {
    /** How long it is counted for. */
    hours: integer('hours').$type<TallySpan>().notNull(),
    /** The first of its hours, since the epoch. */
    start: integer('start').notNull(),
    success: integer('success').notNull(),
    failed: integer('failed').notNull(),
    expired: integer('expired').notNull(),
    counts: jsonColumn<TallyCount[]>('counts').notNull(),
  },
  (table) => [primaryKey({ columns: [table.hours, table.start] })],
)
