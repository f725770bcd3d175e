import { stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Check, fail, ok, warn } from '../../domain/check.ts'
import {
  checkAlerts,
  checkClock,
  checkDisk,
  checkImagekit,
  checkKeyRejections,
  checkKeys,
  checkPublicUrl,
  checkRefusedTargets,
  checkTokenSecret,
  type KeyTrial,
} from '../../domain/check-surroundings.ts'
import { checkPending, checkRejected } from '../../domain/check-traffic.ts'
import { describeFault } from '../../domain/database-fault.ts'
import type { Store, StoreLifecycle } from '../../store/store.ts'
import type { KeyRejections } from '../key-rejections.ts'

export type ExamineDeps = {
  store: Pick<Store, 'countRejected' | 'readStats' | 'findOldestPending'> & Pick<StoreLifecycle, 'findFault'>
  keyRejections: Pick<KeyRejections, 'list'>
  refusedTargets: { list(): { host: string; count: number }[] }
  readiness: { check(): Promise<{ answersWaiting: number }> }
  /** A cheap question to ImageKit; `at` is the time that it has there. */
  tryKey: () => Promise<{ trial: KeyTrial; at: number | null }>
  setup: Setup
  publicUrl: () => string
  clock: () => number
}

const DAY_MS = 24 * 3_600_000

/** What of the configuration is told; nothing secret among it. */
type Setup = {
  /** Known to this process alone, and told by `GET /healthz`. */
  instanceId: string
  version: string
  apiUrl: string
  /** Where it is, without a password. */
  database: string
  /** Null if the database is not a file of this machine. */
  databaseFile: string | null
  /** Of the secret that was made here; null where it comes from the environment. */
  tokenSecretFile: string | null
  keys: { api: number; admin: number; isLoopbackOnly: boolean }
  expireAfterMs: number
  alerts: { host: string | null; allowsPrivateTargets: boolean }
  warnings: readonly string[]
}

/** Looks at all that the service needs, and says of each what is wrong and what to do. */
export async function examine(deps: ExamineDeps) {
  const { setup, clock } = deps
  const publicUrl = deps.publicUrl()
  const [secretFile, database, disk, imagekit, refused, pending] = await Promise.all([
    checkSecretFile(setup.tokenSecretFile),
    checkDatabase(deps),
    setup.databaseFile === null ? [] : checkPlace(setup.databaseFile),
    askImagekit(deps),
    readStore('refused webhooks', () => lookAtRefused(deps)),
    readStore('pending', () => lookAtPending(deps)),
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
      ...imagekit,
      ...checkKeyRejections(deps.keyRejections.list()),
      checkPublicUrl(publicUrl, setup.apiUrl),
      checkAlerts(setup.alerts.host, setup.alerts.allowsPrivateTargets),
      ...checkRefusedTargets(deps.refusedTargets.list()),
      ...refused,
      ...pending,
    ],
  }
}

function checkWarnings(warnings: readonly string[]): Check {
  const remedy = 'Set or unset what is named, and start again.'
  return warnings.length === 0
    ? ok("service's set-up", 'nothing to tell')
    : warn("service's set-up", warnings.join('; '), remedy)
}

async function checkSecretFile(path: string | null): Promise<Check> {
  try {
    return checkTokenSecret(path === null ? null : (await stat(path)).mode & 0o777)
  } catch (error) {
    const remedy =
      'Without it the next start makes another one: statusUrls and webhookUrls that are out are void then.'
    return fail('token secret', `it can't be read beside the database: ${messageOf(error)}`, remedy)
  }
}

async function checkDatabase({ store, readiness, setup }: ExamineDeps): Promise<Check> {
  try {
    const { answersWaiting } = await readiness.check()
    if (answersWaiting === 0) return ok('database', `${setup.database} can be written`)
    const remedy = 'The store was away for a while; they are applied one after another. See the log.'
    return warn('database', `${answersWaiting} answer(s) of ImageKit's wait to be written`, remedy)
  } catch (error) {
    const fault = await store.findFault().catch(() => undefined)
    const remedy =
      fault === undefined
        ? `See the log, ${setup.databaseFile === null ? 'and the database server' : 'the disk, and the rights of the file'}; webhooks are answered 503 meanwhile.`
        : describeFault(fault).remedy
    return fail('database', `it can't be written: ${messageOf(error)}`, remedy)
  }
}

async function checkPlace(databasePath: string): Promise<Check[]> {
  try {
    const [{ bavail, bsize }, { size }, log] = await Promise.all([
      statfs(dirname(databasePath)),
      stat(databasePath),
      stat(`${databasePath}-wal`).catch(() => ({ size: 0 })),
    ])
    return [checkDisk(bavail * bsize, size + log.size)]
  } catch (error) {
    const remedy = 'See that the folder of the database is there and can be read.'
    return [fail('disk', messageOf(error), remedy)]
  }
}

async function askImagekit({ tryKey, setup, clock }: ExamineDeps): Promise<Check[]> {
  const { trial, at } = await tryKey()
  const check = checkImagekit(setup.apiUrl, trial)
  return at === null ? [check] : [check, checkClock("service's clock", clock() - at, "ImageKit's")]
}

/** While the store can't be read everything else is still told. */
async function readStore(name: string, look: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await look()
  } catch (error) {
    return [fail(name, `not known: ${messageOf(error)}`, 'See what is told of the database.')]
  }
}

async function lookAtRefused({ store, clock }: ExamineDeps): Promise<Check[]> {
  return checkRejected(await store.countRejected(clock() - DAY_MS))
}

async function lookAtPending({ store, setup, clock }: ExamineDeps): Promise<Check[]> {
  const [{ groups }, oldest] = await Promise.all([store.readStats(0, 0), store.findOldestPending()])
  const pending = groups.filter(({ status }) => status === 'pending')
  const count = pending.reduce((sum, { size }) => sum + size, 0)
  const oldestMs = oldest ? clock() - oldest.requestedAt : null
  return [checkPending({ count, oldestMs, expireAfterMs: setup.expireAfterMs })]
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
