import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { readRows } from '../support/database.ts'
import { type Call, startMisbehavingImagekit, uploadedFile } from '../support/misbehaving-imagekit.ts'
import { ADMIN_KEY, type RunningTracker } from '../support/tracker.ts'
import { FILE, FILE_NAME, upload } from '../support/uploads.ts'

/** Runs are overdue almost at once, and the reconciler checks them constantly. */
export const EAGER = { RECONCILE_AFTER: '10ms', RECONCILE_EVERY: '20ms' }
/** Runs are overdue almost at once, but after the pass at the start of the service, only the test reconciles. */
export const WITHOUT_RECONCILER = { RECONCILE_AFTER: '1ms', RECONCILE_EVERY: '1h' }

type TestClock = { clock: () => number; advance: (ms: number) => void }

/** A clock that runs, and that a test can also move, forward or back. */
export function movingClock(): TestClock {
  let offsetMs = 0
  return {
    clock: () => Date.now() + offsetMs,
    advance: (ms) => {
      offsetMs += ms
    },
  }
}

/** A clock that only the test moves, so that nothing becomes due on its own, however slow the machine is. */
export function stoppedClock(): TestClock {
  let now = Date.now()
  return {
    clock: () => now,
    advance: (ms) => {
      now += ms
    },
  }
}

/** Uploads a file with these extensions and further form fields. */
export async function uploadWith(
  tracker: RunningTracker,
  names: readonly string[],
  fields: { [name: string]: string } = {},
): Promise<{ fileId: string; submissionId: string }> {
  const response = await upload(tracker, [
    FILE,
    FILE_NAME,
    ['extensions', JSON.stringify(names.map((name) => (TAGGERS.has(name) ? { name, ...TAGGER } : { name })))],
    ...Object.entries(fields),
  ])
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  const { fileId } = (await response.json()) as { fileId: string }
  return { fileId, submissionId: response.headers.get('x-submission-id') ?? '' }
}

const TAGGERS = new Set(['aws-auto-tagging', 'google-auto-tagging'])
const TAGGER = { minConfidence: 50, maxTags: 5 }

/** The webhookUrl that the sandbox received with the newest upload. */
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

/** Runs one pass, or a dry run, through the API. Resolves with its report. */
export async function reconcileNow(tracker: RunningTracker, dryRun = false): Promise<Report> {
  const response = await postReconcile(tracker, JSON.stringify({ dryRun }))
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  return (await response.json()) as Report
}

/** Reads committed rows of a tracker's database. */
export function rowsOf<Row extends object>(tracker: RunningTracker, sql: string): Promise<Row[]> {
  return readRows(tracker.database, sql)
}

type Rejection = { status: number; headers?: { [name: string]: string } } | 'break_off'

/** Starts an ImageKit whose files a test can change, delete, or omit from searches. Its extensions do nothing. */
export async function startLibrary() {
  const files = new Map<string, object>()
  const library = {
    /** The current files, by id. */
    files,
    /** Ids that the search omits. */
    unlisted: new Set<string>(),
    /** The status with which the details call for a file is rejected, by the file's id. */
    rejected: new Map<string, number>(),
    /** Outdated states of files, by id: the search returns these instead of the current ones. */
    stale: new Map<string, object>(),
    /** Returns the status with which a search is rejected; undefined accepts it. */
    rejectSearch: (() => undefined) as (search: { ids: string[]; path: string }) => number | undefined,
    /** Ids whose details requests get a 404 from a proxy between us and ImageKit. */
    intercepted: new Set<string>(),
    /** While it is set, every allowed lookup gets this response, or its connection breaks. */
    rejection: undefined as Rejection | undefined,
    /** How many lookups are allowed in total; later ones get a 429 that demands a pause of a minute. */
    allowedLookups: Number.POSITIVE_INFINITY,
    /** The ids of each search among the allowed lookups. */
    searches: [] as string[][],
    /** The id of each details call among the allowed lookups. */
    details: [] as string[],
    /** The time of each lookup (`performance.now`), allowed or not. */
    lookupTimes: [] as number[],
    /** The webhookUrl of each upload and update; empty if it has none. */
    webhookUrls: [] as string[],
    change: (fileId: string, more: object) => files.set(fileId, { ...files.get(fileId), ...more }),
  }

  const handleUpload = async (call: Call) => {
    await call.readForm()
    const fileId = `file-${files.size + 1}`
    files.set(fileId, uploadedFile(fileId))
    library.webhookUrls.push(call.field('webhookUrl') ?? '')
    call.respond(200, uploadedFile(fileId))
  }
  const handleUpdate = async (call: Call, fileId: string) => {
    const {
      webhookUrl,
      extensions: _,
      ...changes
    } = (await call.readJson()) as { webhookUrl?: string; extensions?: [] }
    library.webhookUrls.push(webhookUrl ?? '')
    library.change(fileId, changes)
    call.respond(200, files.get(fileId) ?? {})
  }
  const handleLookup = (call: Call) => {
    library.lookupTimes.push(performance.now())
    const { pathname, searchParams } = new URL(call.path, 'http://library')
    const query = searchParams.get('searchQuery')
    const fileId = decodeURIComponent(pathname.split('/')[3] ?? '')
    const ids: string[] = query === null ? [] : JSON.parse(query.replace(/^id IN /, ''))
    if (library.lookupTimes.length > library.allowedLookups)
      return call.respond(429, {}, { 'x-ratelimit-reset': '60000' })
    if (query === null) library.details.push(fileId)
    else library.searches.push(ids)
    const { rejection } = library
    if (rejection === 'break_off') return call.breakOff()
    if (rejection) return call.respond(rejection.status, { message: 'Not now.' }, rejection.headers)
    if (query !== null) {
      const status = library.rejectSearch({ ids, path: call.path })
      if (status !== undefined) return call.respond(status, { message: 'Not this search.' })
    }
    if (query === null) {
      if (library.intercepted.has(fileId)) return call.respond(404, ['from', 'a proxy'])
      const status = library.rejected.get(fileId)
      if (status !== undefined) return call.respond(status, { message: 'Not this one.' })
      const file = files.get(fileId)
      return call.respond(file ? 200 : 404, file ?? { message: 'The requested file does not exist.' })
    }
    return call.respond(
      200,
      ids
        .filter((id) => !library.unlisted.has(id))
        .flatMap((id) => library.stale.get(id) ?? files.get(id) ?? []),
    )
  }

  const { url } = await startMisbehavingImagekit((call) => {
    if (call.path.endsWith('/upload')) return handleUpload(call)
    // A lookup is a GET without a body.
    const isUpdate = call.headers['content-length'] !== undefined
    return isUpdate ? handleUpdate(call, call.path.split('/')[3] ?? '') : handleLookup(call)
  })
  return Object.assign(library, { env: { IMAGEKIT_UPLOAD_URL: url, IMAGEKIT_API_URL: url } })
}

/** A change to a file that is evidence of aws-auto-tagging. */
export const AWS_TAG = { AITags: [{ name: 'Shirt', confidence: 90.1, source: 'aws-auto-tagging' }] }
