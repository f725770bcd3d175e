import { stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errorMessage } from '../../../domain/errors.ts'
import type { Store, StoreLifecycle } from '../../../store/store.ts'
import type { KeyRejections } from '../../key-rejections.ts'
import { type Check, fail, ok, warn } from './check.ts'
import {
  checkAlerts,
  checkClock,
  checkDisk,
  checkImagekit,
  checkKeyRejections,
  checkKeys,
  checkPublicUrl,
  checkRejectedTargets,
  checkTokenSecret,
  type PrivateKeyProbe,
  remedyOf,
} from './environment.ts'
import { checkPending, checkRejected } from './traffic.ts'

export type DiagnosticsDeps = {
  store: Pick<Store, 'countRejected' | 'readStats' | 'findOldestPending'> &
    Pick<StoreLifecycle, 'findFault' | 'findFeedFault'>
  keyRejections: Pick<KeyRejections, 'list'>
  /** The hosts that got no notifications, because they are private addresses; see `RejectedTargets`. */
  rejectedTargets: { list(): { host: string; count: number }[] }
  readiness: { check(): Promise<{ queuedWrites: number }> }
  /** Sends a cheap request to ImageKit. `at` is the time by ImageKit's clock; null if its response does not say it. */
  probePrivateKey: () => Promise<{ probe: PrivateKeyProbe; at: number | null }>
  setup: Setup
  publicUrl: () => string
  clock: () => number
}

const DAY_MS = 24 * 3_600_000

/** The part of the configuration that is reported; it contains no secrets. */
type Setup = {
  /** Identifies this process; returned by `GET /healthz`. */
  instanceId: string
  version: string
  apiUrl: string
  /** The address of the database, without a password. */
  database: string
  /** Null if the database is not a file on this machine. */
  databaseFile: string | null
  /** The file of the generated secret; null if the secret comes from the environment. */
  tokenSecretFile: string | null
  /** The numbers of keys. `isLoopbackOnly`: only local requests are accepted, because there is no API key or no admin key. */
  keys: { api: number; admin: number; isLoopbackOnly: boolean }
  expireAfterMs: number
  reconcileEveryMs: number
  alerts: { host: string | null; allowsPrivateTargets: boolean }
  warnings: readonly string[]
}

/** Checks what the service needs. Each check reports what it found and, if that is a problem, the remedy. */
export async function runDiagnostics(deps: DiagnosticsDeps) {
  const { setup, clock } = deps
  const publicUrl = deps.publicUrl()
  const [secretFile, database, disk, imagekit, feed, rejected, pending] = await Promise.all([
    checkSecretFile(setup.tokenSecretFile),
    checkDatabase(deps),
    setup.databaseFile === null ? [] : checkDiskSpace(setup.databaseFile),
    probeImagekit(deps),
    checkChangeFeed(deps),
    checkStored('rejected webhooks', () => checkRejectedDeliveries(deps)),
    checkStored('pending', () => checkPendingRuns(deps)),
  ])
  return {
    instanceId: setup.instanceId,
    publicUrl,
    version: setup.version,
    node: process.version,
    now: new Date(clock()).toISOString(),
    checks: [
      checkWarnings(setup.warnings),
      checkKeys(setup.keys),
      secretFile,
      database,
      ...disk,
      ...feed,
      ...imagekit,
      ...checkKeyRejections(deps.keyRejections.list()),
      checkPublicUrl(publicUrl, setup.apiUrl),
      checkAlerts(setup.alerts.host, setup.alerts.allowsPrivateTargets),
      ...checkRejectedTargets(deps.rejectedTargets.list()),
      ...rejected,
      ...pending,
    ],
  }
}

function checkWarnings(warnings: readonly string[]): Check {
  const remedy = 'Set or unset the named variables, then restart.'
  return warnings.length === 0
    ? ok("service's set-up", 'no warnings')
    : warn("service's set-up", warnings.join('; '), remedy)
}

async function checkSecretFile(path: string | null): Promise<Check> {
  try {
    return checkTokenSecret(path === null ? null : (await stat(path)).mode & 0o777)
  } catch (error) {
    const remedy =
      'Restore the file token-secret, or make it readable. If it is missing, the next start generates a new secret, which ' +
      'invalidates all existing statusUrls and webhookUrls.'
    return fail('token secret', `the file beside the database can't be read: ${errorMessage(error)}`, remedy)
  }
}

async function checkDatabase({ store, readiness, setup }: DiagnosticsDeps): Promise<Check> {
  try {
    const { queuedWrites } = await readiness.check()
    if (queuedWrites === 0) return ok('database', `${setup.database} is writable`)
    const remedy =
      'The database was unavailable for a while; the writes are now applied one after another. See the log.'
    return warn('database', `${queuedWrites} write(s) are waiting to be stored`, remedy)
  } catch (error) {
    const fault = await store.findFault().catch(() => undefined)
    const place = setup.databaseFile === null ? 'the database server' : "the disk and the file's permissions"
    const remedy =
      fault === undefined
        ? `Check the log and ${place}. Webhooks are not accepted meanwhile; ImageKit sends them again.`
        : remedyOf(fault)
    return fail('database', `not writable: ${errorMessage(error)}`, remedy)
  }
}

async function checkDiskSpace(databasePath: string): Promise<Check[]> {
  try {
    const [{ bavail, bsize }, { size }, wal] = await Promise.all([
      statfs(dirname(databasePath)),
      stat(databasePath),
      stat(`${databasePath}-wal`).catch(() => ({ size: 0 })),
    ])
    return [checkDisk(bavail * bsize, size + wal.size)]
  } catch (error) {
    const remedy = 'Check that the folder of the database exists and is readable.'
    return [fail('disk', errorMessage(error), remedy)]
  }
}

async function probeImagekit({ probePrivateKey, setup, clock }: DiagnosticsDeps): Promise<Check[]> {
  const { probe, at } = await probePrivateKey()
  const check = checkImagekit(setup.apiUrl, probe)
  return at === null ? [check] : [check, checkClock("service's clock", clock() - at, "ImageKit's")]
}

/** Runs a check that reads the store. If the read fails, the check fails, and all other checks are still reported. */
async function checkStored(name: string, check: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await check()
  } catch (error) {
    return [fail(name, `unknown: ${errorMessage(error)}`, 'See the database check.')]
  }
}

async function checkChangeFeed({ store }: DiagnosticsDeps): Promise<Check[]> {
  // If the database is unavailable, its own check says so.
  const fault = await store.findFeedFault().catch(() => undefined)
  if (fault === undefined) return []
  const remedy =
    'Check DATABASE_LISTEN_URL, or without it DATABASE_URL: LISTEN needs a direct connection, without a pooler.'
  return [warn('other processes', `their changes are noticed up to a second late: ${fault}`, remedy)]
}

async function checkRejectedDeliveries({ store, clock }: DiagnosticsDeps): Promise<Check[]> {
  return checkRejected(await store.countRejected(clock() - DAY_MS))
}

async function checkPendingRuns({ store, setup, clock }: DiagnosticsDeps): Promise<Check[]> {
  // Only the groups are needed, which count the present runs, so no hours are read.
  const [{ groups }, oldest] = await Promise.all([store.readStats(0, 0), store.findOldestPending()])
  const pending = groups.filter(({ status }) => status === 'pending')
  const total = pending.reduce((sum, { count }) => sum + count, 0)
  const oldestMs = oldest ? clock() - oldest.requestedAt : null
  const { expireAfterMs, reconcileEveryMs } = setup
  return [checkPending({ count: total, oldestMs, expireAfterMs, reconcileEveryMs })]
}
