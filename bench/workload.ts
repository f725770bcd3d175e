// The deliveries that servers get: extension webhooks as ImageKit documents them, for pending runs. Peers that only accept webhooks
// of GitHub get such bodies with GitHub's signature, and the one for Stripe gets events of Stripe. Every body has 1,200 bytes.
import { createHmac } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { createCapabilityTokens } from '#src/tracking/capability-tokens'
import { createRandom, DAY_MS } from './generated-runs.ts'
import { SECRETS } from './launch.ts'
import { buildPostRequest, type Headers, type RequestFile, writeRequests } from './requests.ts'
import type { Bench, ExtensionCount, Order } from './rounds.ts'
import { addPending, type PendingSubmission } from './tracker-database.ts'

/** How many runs are pending at a time if extensions take seconds to minutes. The shuffled order picks at random from this many. */
export const POOL = 100_000

/** Deliveries, and the runs that they settle. The requests are in sending order. */
export type Workload = RequestFile & {
  order: Order
  extensions: string[]
  submissions: PendingSubmission[]
  /** The run that request number `index` settles. */
  runAt: (index: number) => PendingRun
}

/** `number`: the position in upload order. */
export type PendingRun = PendingSubmission & { number: number; extension: string }

/** A workload, and the path of a database in which all of its runs are pending. */
export type PreparedWorkload = Workload & { template: string }

/** More than the tracker, or any server that stores these deliveries, acknowledges in a second. */
const MAX_PER_SECOND = 26_000
const BODY_BYTES = 1_200
const USER_AGENT = { 'User-Agent': 'ImageKit' }
const EXTENSIONS = ['remove-bg', 'aws-auto-tagging', 'google-auto-tagging']

const { webhook } = createCapabilityTokens([SECRETS.TRACKER_TOKEN_SECRET])
const templates = new Map<string, { template: string; submissions: PendingSubmission[] }>()
const workloads = new Map<string, PreparedWorkload>()

/** How many deliveries to prepare for a load of so many seconds. */
export function deliveriesFor(seconds: number): number {
  return MAX_PER_SECOND * seconds
}

/** Prepares distinct deliveries for a warm-up and for `measurements` measurements (two in the quick bench), and a database for them. */
export async function prepareWorkload(
  bench: Bench,
  {
    measurements = 1,
    order = 'upload',
    extensions: extensionCount = 1,
    headers = {},
  }: { measurements?: number; order?: Order; extensions?: ExtensionCount; headers?: Headers } = {},
): Promise<PreparedWorkload> {
  // Creating a database takes longer than a quick measurement, so all parts of the quick bench share one.
  const measurementCount = bench.isQuick ? 2 : measurements
  // Both orders use the same database, so it has enough runs for the pool even if fewer are sent.
  const runs = Math.max(POOL, deliveriesFor(bench.warmUpSeconds + measurementCount * bench.seconds))
  const name = [runs, extensionCount, order, ...Object.values(headers)].join('-')
  const existing = workloads.get(name)
  if (existing !== undefined) return existing
  const extensions = extensionNames(extensionCount)
  const { template, submissions } = await prepareTemplate(bench, runs, extensions)
  bench.log(
    `writing ${runs.toLocaleString('en')} requests, ${order} order, ${extensionCount} extension(s) per submission`,
  )
  const path = join(bench.folder, `deliveries-${name}`)
  const made = { ...createWorkload(path, submissions, { count: runs, order, extensions, headers }), template }
  workloads.set(name, made)
  return made
}

async function prepareTemplate({ folder, log }: Bench, count: number, extensions: string[]) {
  const name = `${count}-${extensions.length}`
  const existing = templates.get(name)
  if (existing !== undefined) return existing
  log(
    `creating a database with ${count.toLocaleString('en')} pending runs, ${extensions.length} extension(s) per submission`,
  )
  const template = join(folder, `pending-${name}.db`)
  rmSync(template, { force: true })
  const made = { template, submissions: await addPending(template, { runs: count, extensions }) }
  templates.set(name, made)
  return made
}

/** Writes the requests for `count` runs of these submissions, each of which has these extensions. */
export function createWorkload(
  path: string,
  submissions: PendingSubmission[],
  {
    count,
    order = 'upload',
    extensions = extensionNames(1),
    headers = {},
  }: { count: number; order?: Order; extensions?: string[]; headers?: Headers },
): Workload {
  const runs = order === 'shuffled' ? shuffleNumbers(count) : undefined
  const runAt = (index: number) => {
    const number = runs?.[index] ?? index
    const submission = submissions[Math.floor(number / extensions.length)]
    const extension = extensions[number % extensions.length]
    if (submission === undefined || extension === undefined) throw new Error(`run ${number} does not exist`)
    return { ...submission, number, extension }
  }
  const longestId = submissions.reduce(
    (longest, { submissionId }) => Math.max(longest, submissionId.length),
    0,
  )
  const file = writeRequests(path, count, (index) => {
    const run = runAt(index)
    const { path: target, body } = deliveryFor(run)
    // Ids can differ in length, but the requests of a file must not.
    const padding = { 'X-Padding': '0'.repeat(longestId - run.submissionId.length) }
    return buildPostRequest(target, { ...USER_AGENT, ...padding, ...headers }, body)
  })
  return { ...file, order, extensions, submissions, runAt }
}

/** Extension webhooks of one size, signed as GitHub signs its webhooks, for `@octokit/webhooks` and Debian's `webhook`. */
export function writeGithubRequests(path: string, count: number, target: string): RequestFile {
  return writeRequests(path, count, (index) => {
    const body = bodyOf(`68656c6c6f00${hex(index)}`, 'remove-bg', index)
    const mac = createHmac('sha256', SECRETS.TRACKER_TOKEN_SECRET).update(body).digest('hex')
    const headers = {
      'User-Agent': 'GitHub-Hookshot/044aadd',
      'X-GitHub-Event': 'ping',
      'X-GitHub-Delivery': `0197f3c2-5a00-7000-8000-${hex(index)}`,
      'X-Hub-Signature-256': `sha256=${mac}`,
    }
    return buildPostRequest(target, headers, body)
  })
}

/** Events signed like those of Stripe, for `@supabase/stripe-sync-engine`. Each is about a different customer. */
export function createStripeWorkload(path: string, count: number): Workload {
  const customerAt = (index: number) => `cus_${hex(index)}`
  // A day ahead, so that it is valid during the whole bench: the peer rejects only timestamps that are too old.
  const signedAt = Math.floor((Date.now() + DAY_MS) / 1000)
  const file = writeRequests(path, count, (index) => {
    const body = stripeEvent(customerAt(index), index)
    const mac = createHmac('sha256', SECRETS.TRACKER_TOKEN_SECRET).update(`${signedAt}.${body}`).digest('hex')
    return buildPostRequest('/webhooks', { 'Stripe-Signature': `t=${signedAt},v1=${mac}` }, body)
  })
  // The stored customer takes the place of the submission and its run.
  const runAt = (index: number) => ({
    submissionId: customerAt(index),
    fileId: '',
    number: index,
    extension: 'customer',
  })
  return { ...file, order: 'upload', extensions: ['customer'], submissions: [], runAt }
}

function stripeEvent(id: string, index: number): string {
  const object = {
    id,
    object: 'customer',
    address: { city: 'Springfield', country: 'US', line1: '742 Evergreen Terrace', postal_code: '49007' },
    balance: 0,
    created: 1_780_000_000,
    currency: 'usd',
    default_source: null,
    delinquent: false,
    description: 'A customer of the bench',
    discount: null,
    email: `${id}@example.com`,
    invoice_prefix: hex(index),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null },
    livemode: false,
    metadata: { brand: 'Nike', color: 'red' },
    name: 'Jenny Rosen',
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
  }
  const event = {
    id: `evt_${hex(index)}`,
    object: 'event',
    api_version: '2020-08-27',
    created: 1_780_000_000,
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type: 'customer.updated',
  }
  return JSON.stringify(event).padEnd(BODY_BYTES)
}

/** The names of `count` extensions. The first three are ImageKit's; the tracker accepts any name. */
export function extensionNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => EXTENSIONS[index] ?? `extension-${index + 1}`)
}

/**
 * The numbers below `count`. Each is picked at random from a pool of `POOL` numbers, and the next number replaces it. At the end no
 * number is next, and the pool shrinks.
 */
function shuffleNumbers(count: number): Uint32Array {
  const random = createRandom(count)
  const pool = Uint32Array.from({ length: Math.min(POOL, count) }, (_, index) => index)
  let size = pool.length
  let next = pool.length
  return Uint32Array.from({ length: count }, () => {
    const place = Math.floor(random() * size)
    const taken = pool[place] ?? 0
    if (next >= count) size -= 1
    pool[place] = next < count ? next++ : (pool[size] ?? 0)
    return taken
  })
}

export function deliveryFor({ submissionId, fileId, extension, number }: PendingRun): {
  path: string
  body: string
} {
  const path = `/webhooks/extension/${submissionId}.${webhook.sign(submissionId)}`
  return { path, body: bodyOf(fileId, extension, number) }
}

/** The body of an extension webhook. One in twenty-five reports a failure. */
function bodyOf(fileId: string, service: string, runNumber: number): string {
  const text = JSON.stringify(
    runNumber % 25 === 0
      ? { service, status: 'FAILURE', fileId, error: FAILURE }
      : { service, status: 'SUCCESS', fileObject: fileObjectOf(fileId, runNumber) },
  )
  if (text.length > BODY_BYTES) throw new Error(`a delivery has ${text.length} bytes`)
  return text.padEnd(BODY_BYTES)
}

const FAILURE = {
  message: 'The foreground could not be separated from its background.',
  code: 'unknown_foreground',
}

function fileObjectOf(fileId: string, runNumber: number) {
  const name = `IMG_${hex(runNumber)}.jpg`
  return {
    type: 'file',
    name,
    createdAt: '2026-07-01T08:15:30.112Z',
    updatedAt: '2026-07-01T08:15:42.907Z',
    fileId,
    tags: ['t-shirt', 'round-neck', 'men'],
    AITags: ['Clothing', 'Sleeve', 'Collar', 'Pattern'].map((tag) => ({
      name: tag,
      confidence: 97.41,
      source: 'aws-auto-tagging',
    })),
    versionInfo: { id: fileId, name: 'Version 2' },
    embeddedMetadata: { DateCreated: '2026-07-01T08:15:30.112Z' },
    isPublished: true,
    customCoordinates: null,
    customMetadata: { brand: 'Nike', color: 'red' },
    isPrivateFile: false,
    url: `https://ik.imagekit.io/demo/products/${name}`,
    thumbnail: `https://ik.imagekit.io/demo/tr:n-ik_ml_thumbnail/products/${name}`,
    fileType: 'image',
    filePath: `/products/${name}`,
    height: 1600,
    width: 1200,
    size: 381_239,
    hasAlpha: true,
    mime: 'image/png',
  }
}

function hex(index: number): string {
  return index.toString(16).padStart(12, '0')
}
