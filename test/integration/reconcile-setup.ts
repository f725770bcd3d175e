import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { type Call, startBrokenImagekit, uploadedFile } from '../support/broken-imagekit.ts'
import { readRows } from '../support/database.ts'
import { ADMIN_KEY, type RunningTracker } from '../support/tracker.ts'
import { FILE, FILE_NAME, upload } from '../support/uploads.ts'

/** Runs are overdue at once and looked at all the time. */
export const EAGER = { RECONCILE_AFTER: '10ms', RECONCILE_EVERY: '20ms' }
/** Runs are overdue at once, but nobody looks unless told to. */
export const BY_HAND = { RECONCILE_AFTER: '1ms', RECONCILE_EVERY: '1h' }

/** The time of a tracker whose tests decide how late it is. */
export function movingClock() {
  let ahead = 0
  return {
    clock: () => Date.now() + ahead,
    advance: (ms: number) => {
      ahead += ms
    },
  }
}

/** Uploads a file that the extensions are asked for. */
export async function uploadWith(
  tracker: RunningTracker,
  names: readonly string[],
  fields: { [name: string]: string } = {},
): Promise<{ fileId: string; submissionId: string }> {
  const answer = await upload(tracker, [
    FILE,
    FILE_NAME,
    ['extensions', JSON.stringify(names.map((name) => (TAGGERS.has(name) ? { name, ...TAGGER } : { name })))],
    ...Object.entries(fields),
  ])
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
  const { fileId } = (await answer.json()) as { fileId: string }
  return { fileId, submissionId: answer.headers.get('x-submission-id') ?? '' }
}

const TAGGERS = new Set(['aws-auto-tagging', 'google-auto-tagging'])
const TAGGER = { minConfidence: 50, maxTags: 5 }

/** The address that the sandbox was given for the webhooks of its newest upload. */
export function webhookUrlOf(sandbox: Sandbox): string {
  return String(sandbox.uploads().at(-1)?.parameters['webhookUrl'])
}

export type Report = {
  runs: { runId: string; fileId: string | null; extension: string; finding: string; why: string }[]
  holdMs: number | null
  stoppedBy: string | null
}

export function postReconcile(tracker: RunningTracker, body: string, key = ADMIN_KEY): Promise<Response> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  return tracker.fetch('/reconcile', { method: 'POST', headers, body })
}

export async function reconcileNow(tracker: RunningTracker, dryRun = false): Promise<Report> {
  const answer = await postReconcile(tracker, JSON.stringify({ dryRun }))
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
  return (await answer.json()) as Report
}

/** What the database of a tracker holds, row by row. */
export function rowsOf<Row extends object>(tracker: RunningTracker, sql: string): Promise<Row[]> {
  return readRows(tracker.database, sql)
}

type Refusal = { status: number; headers?: { [name: string]: string } } | 'break_off'

/** An ImageKit whose files change, vanish and are not told of as a test wants. */
export async function startLibrary() {
  const files = new Map<string, object>()
  const library = {
    /** By id, as they are told now. */
    files,
    /** Ids that the search leaves out. */
    unlisted: new Set<string>(),
    /** With what status the details of a file are refused, by its id. */
    refused: new Map<string, number>(),
    /** What the search tells still, though the file has changed. */
    stale: new Map<string, object>(),
    /** Refuses a search for these ids with a status; undefined where it answers. */
    refuseSearch: (() => undefined) as (search: { ids: string[]; path: string }) => number | undefined,
    /** Ids about whose details something in between answers, not ImageKit. */
    between: new Set<string>(),
    /** What is done to each question about a file instead of an answer. */
    refusal: undefined as Refusal | undefined,
    /** So many questions are answered; the ones after them are held back for a minute. */
    allowed: Number.POSITIVE_INFINITY,
    /** The ids of each search, and of each details call. */
    searches: [] as string[][],
    details: [] as string[],
    /** When each question came. */
    askedAt: [] as number[],
    /** The address for the webhooks of each upload and update. */
    webhookUrls: [] as string[],
    change: (fileId: string, more: object) => files.set(fileId, { ...files.get(fileId), ...more }),
  }

  const takeUpload = async (call: Call) => {
    await call.readForm()
    const fileId = `file-${files.size + 1}`
    files.set(fileId, uploadedFile(fileId))
    library.webhookUrls.push(call.field('webhookUrl') ?? '')
    call.answer(200, uploadedFile(fileId))
  }
  const takeUpdate = async (call: Call, fileId: string) => {
    const {
      webhookUrl,
      extensions: _,
      ...changes
    } = (await call.readJson()) as { webhookUrl?: string; extensions?: [] }
    library.webhookUrls.push(webhookUrl ?? '')
    library.change(fileId, changes)
    call.answer(200, files.get(fileId) ?? {})
  }
  const tell = (call: Call) => {
    library.askedAt.push(performance.now())
    const { pathname, searchParams } = new URL(call.path, 'http://library')
    const query = searchParams.get('searchQuery')
    const fileId = decodeURIComponent(pathname.split('/')[3] ?? '')
    const ids: string[] = query === null ? [] : JSON.parse(query.replace(/^id IN /, ''))
    if (library.askedAt.length > library.allowed)
      return call.answer(429, {}, { 'x-ratelimit-reset': '60000' })
    if (query === null) library.details.push(fileId)
    else library.searches.push(ids)
    const { refusal } = library
    if (refusal === 'break_off') return call.breakOff()
    if (refusal) return call.answer(refusal.status, { message: 'Not now.' }, refusal.headers)
    if (query !== null) {
      const status = library.refuseSearch({ ids, path: call.path })
      if (status !== undefined) return call.answer(status, { message: 'Not this search.' })
    }
    if (query === null) {
      if (library.between.has(fileId)) return call.answer(404, ['no answer', 'of ImageKit'])
      const status = library.refused.get(fileId)
      if (status !== undefined) return call.answer(status, { message: 'Not this one.' })
      const file = files.get(fileId)
      return call.answer(file ? 200 : 404, file ?? { message: 'The requested file does not exist.' })
    }
    return call.answer(
      200,
      ids
        .filter((id) => !library.unlisted.has(id))
        .flatMap((id) => library.stale.get(id) ?? files.get(id) ?? []),
    )
  }

  const { url } = await startBrokenImagekit((call) => {
    if (call.path.endsWith('/upload')) return takeUpload(call)
    const isUpdate = call.headers['content-length'] !== undefined
    return isUpdate ? takeUpdate(call, call.path.split('/')[3] ?? '') : tell(call)
  })
  return Object.assign(library, { env: { IMAGEKIT_UPLOAD_URL: url, IMAGEKIT_API_URL: url } })
}

export const AWS_TAG = { AITags: [{ name: 'Shirt', confidence: 90.1, source: 'aws-auto-tagging' }] }
