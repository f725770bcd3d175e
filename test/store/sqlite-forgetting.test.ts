import { existsSync, readFileSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { v7 } from 'uuid'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { AccountEvent } from '../../src/domain/account-event.ts'
import { openSqliteStore } from '../../src/store/sqlite/open-sqlite-store.ts'
import type { Store } from '../../src/store/store.ts'
import {
  AN_ATTEMPT,
  accepted,
  anAuditEntry,
  newAccountDelivery,
  newDelivery,
  newKeyClaim,
  newRejected,
  newSubmission,
} from '../contract/builders.ts'
import { submit } from '../contract/store-calls.ts'
import { withLease } from '../contract/with-lease.ts'
import { temporaryDatabasePath } from './sqlite-folder.ts'

const FORGET = anAuditEntry({ kind: 'forget', subject: 'gone-file', reason: null })

/**
 * Writes rows about one asset to all tables that can contain its data, with values that contain `mark`. `index` distinguishes several
 * calls for one asset: it makes keys and event ids unique, and varies the size of the bodies. Every fifth index also prunes bodies.
 */
async function fillAll(store: Store, mark: string, index: number): Promise<void> {
  const fileId = `${mark}-file`
  const secret = `${mark}-body-${'x'.repeat(50 * (index % 40))}`
  const claim = newKeyClaim(`key POST ${mark}-scope-${index}`)
  await store.claimIdempotencyKey(claim, 1_000)
  const submission = newSubmission(['remove-bg', 'ai-tasks'], {
    fileName: `${mark}-name.png`,
    callerWebhookUrl: `https://caller.example/${mark}`,
    extensions: [{ name: 'remove-bg' }, { name: 'ai-tasks', prompt: `${mark}-prompt` }],
  })
  const key = { ...claim, fingerprint: `${mark}-print` }
  const { submissionId } = await store.createSubmission(submission, key)
  const kept = { ...claim, response: { status: 200, headers: {}, body: `{"name":"${mark}-answer"}` } }
  const response = accepted({ 'remove-bg': 'pending' }, { fileId, fileName: `${mark}-name_x1.png` })
  await store.applyResponse(submissionId, response, 1_500, kept)
  const deliver = (service: string, status: 'success' | 'failed') => {
    const error = status === 'failed' ? { message: `The ${mark}-error has no number` } : null
    const body = Buffer.from(JSON.stringify({ secret, fileId }))
    return store.recordDelivery(newDelivery(submissionId, { service, status, fileId, error }, { body }))
  }
  await deliver('remove-bg', 'failed')
  await deliver('remove-bg', 'success')
  await deliver('ai-tasks', 'success')
  await deliver('never-asked', 'failed')
  const [run] = (await store.findSubmission(submissionId))?.runs ?? []
  const runId = run?.runId ?? ''
  await store.recordNotificationResult(`msg_${runId}`, { kind: 'delivered' }, 0, AN_ATTEMPT)
  await store.recordAccountDelivery(
    newAccountDelivery({ kind: 'asset', eventId: `${mark}-event-${index}`, type: 'file.updated', fileId }),
  )
  const end = { type: 'upload.pre-transform.success', response: accepted({}, { fileId }) }
  const events: AccountEvent[] = [
    { kind: 'other', eventId: null, type: 'upload.post-transform.success', fileId },
    { kind: 'upload_finished', eventId: `${mark}-end-${index}`, requestId: `${mark}-request`, ...end },
  ]
  for (const event of [...events, ...events]) await store.recordAccountDelivery(newAccountDelivery(event))
  await store.recordDelivery(
    newDelivery(`lost-${index}`, { service: 'remove-bg', fileId, status: 'success' }),
  )
  await store.keepRejected([
    newRejected({ fileId, body: Buffer.from(`{"fileId":"${fileId}","secret":"${secret}"}`) }),
  ])
  await store.acknowledgeRuns([runId], anAuditEntry({ subject: runId, reason: `${mark}-note` }))
  await store.recordAuditEntry(anAuditEntry({ kind: 'retry_many', details: { filter: { q: fileId } } }))
  await store.createRetry(`retry-${mark}-${index}`, [runId], anAuditEntry({ reason: null }))
  if (index % 5 === 0) await withLease(store).pruneBodies(1_000_000, 3, null)
}

function tablesOf(path: string) {
  const connection = new Database(path, { readonly: true })
  onTestFinished(() => {
    connection.close()
  })
  const names = connection
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'",
    )
    .pluck()
    .all()
  expect(names.length).toBeGreaterThan(12)
  return new Map(names.map((name) => [name, connection.prepare(`SELECT * FROM "${name}"`).raw().all()]))
}

function contains(row: unknown, mark: string): boolean {
  const cells = Array.isArray(row) ? row : []
  return cells.some((cell) => (Buffer.isBuffer(cell) ? cell.includes(mark) : String(cell).includes(mark)))
}

test('No table contains anything of a forgotten asset, and all tables keep the rows of others', async () => {
  const path = temporaryDatabasePath()
  const store = openSqliteStore({ path })
  onTestFinished(() => store.close())
  await fillAll(store, 'kept', 1)
  while (await withLease(store).foldCounters());
  const before = tablesOf(path)
  await fillAll(store, 'gone', 2)
  const full = tablesOf(path)
  for (const name of ['submissions', 'runs', 'deliveries', 'delivery_bodies', 'notifications', 'retry_items'])
    expect(full.get(name)?.length, name).toBeGreaterThan(before.get(name)?.length ?? 0)
  for (const name of ['submissions', 'deliveries', 'delivery_bodies', 'idempotency_keys', 'counter_deltas'])
    expect(
      full.get(name)?.some((row) => contains(row, 'gone-')),
      name,
    ).toBe(true)

  expect(await store.forgetAsset('gone-file', FORGET)).toBe(true)
  const after = tablesOf(path)
  // The audit log and the table of forgotten ids grow, and the ranges of row numbers in `hours` are not narrowed.
  const growing = ['audit_log', 'forgotten', 'hours']
  for (const [name, rows] of after) {
    const left = rows.filter((row) => contains(row, 'gone-'))
    expect(left, name).toEqual([])
    if (!growing.includes(name)) expect(rows, name).toEqual(before.get(name))
  }
  // The hashes of the asset's id and of its submission's id.
  expect(after.get('forgotten')).toHaveLength(2)
})

test('The bytes of a forgotten asset are no longer in the files, whatever was written and pruned around them', async () => {
  const path = temporaryDatabasePath()
  const store = openSqliteStore({ path })
  onTestFinished(() => store.close())
  // Other assets are written, and bodies pruned, before and after this asset is: pages split, rows move, and pages become free.
  for (let index = 0; index < 25; index += 1) {
    await fillAll(store, `other${index}`, index)
    if (index % 8 === 3) await fillAll(store, 'gone', index)
  }
  for (let index = 0; index < 5; index += 1) await withLease(store).pruneBodies(1_000_000, 20, null)
  const marks = [
    'gone-file',
    'gone-body',
    'gone-name',
    'gone-prompt',
    'gone-error',
    'gone-answer',
    'gone-note',
  ]
  const bytesNow = () => {
    const files = [path, `${path}-wal`].filter((file) => existsSync(file))
    return Buffer.concat(files.map((file) => readFileSync(file)))
  }
  const found = () => marks.filter((mark) => bytesNow().includes(mark))
  expect(found()).toEqual(marks)

  await store.forgetAsset('gone-file', FORGET)
  expect(found()).toEqual([])
  expect(statSync(`${path}-wal`).size).toBe(0)
  expect(bytesNow().includes('other7-file')).toBe(true)
})

test('Forgetting an asset with a thousand submissions is fast, even with a long audit log', async () => {
  const store = openSqliteStore({ path: temporaryDatabasePath() })
  onTestFinished(() => store.close())
  const fileId = 'gone-file'
  const submissions = Array.from({ length: 1_000 }, () =>
    newSubmission(['remove-bg', 'ai-tasks'], { fileId }),
  )
  await Promise.all(submissions.map((submission) => store.createSubmission(submission)))
  const runIds = Array.from({ length: 20 }, () => v7())
  const entry = anAuditEntry({ reason: 'the owner of this one asked for it', details: { runIds } })
  await Promise.all(Array.from({ length: 2_000 }, () => store.recordAuditEntry(entry)))
  const startedAt = performance.now()
  expect(await store.forgetAsset(fileId, FORGET)).toBe(true)
  // Searching each entry for each id separately would delay all other writes by half a minute.
  expect(performance.now() - startedAt).toBeLessThan(5_000)
})

test('If the store is closed while it forgets an asset, the asset keeps its status, and can be forgotten again', async () => {
  const path = temporaryDatabasePath()
  const store = openSqliteStore({ path })
  const submitted: string[] = []
  for (const extension of ['ai-tasks', ...Array<string>(400).fill('remove-bg')]) {
    const submissionId = await submit(store, [extension])
    await store.applyResponse(
      submissionId,
      accepted({ [extension]: 'pending' }, { fileId: 'gone-file' }),
      1_500,
    )
    submitted.push(submissionId)
  }
  // The first submission has the current run of ai-tasks, so it is among the last that are deleted.
  const [, deletedFirst = ''] = submitted
  const status = await store.findAsset('gone-file')

  const forgetting = store.forgetAsset('gone-file', FORGET)
  forgetting.catch(() => {})
  await vi.waitFor(async () => expect(await store.findSubmission(deletedFirst)).toBeUndefined(), {
    interval: 0,
  })
  await store.close()
  await expect(forgetting).rejects.toThrow()

  const again = openSqliteStore({ path })
  onTestFinished(() => again.close())
  expect(await again.findAsset('gone-file')).toEqual(status)
  const late = newDelivery(deletedFirst, { service: 'remove-bg', status: 'success' })
  expect(await again.recordDelivery(late)).toMatchObject({ outcome: 'ignored', cause: 'forgotten' })
  expect(await again.forgetAsset('gone-file', FORGET)).toBe(true)
  expect(await again.findAsset('gone-file')).toBeUndefined()
  for (const submissionId of submitted) expect(await again.findSubmission(submissionId)).toBeUndefined()
})
