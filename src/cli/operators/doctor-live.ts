import { Readable } from 'node:stream'
import { z } from 'zod'
import type { AssetStatus } from '../../client/client.ts'
import { Variables } from '../../config/variables.ts'
import { deliveryDetailSchema } from '../../contract/delivery.ts'
import { errorMessage } from '../../domain/errors.ts'
import { deleteFile } from '../../imagekit/delete-file.ts'
import { type Check, fail, ok, warn } from '../../tracking/operators/diagnostics/check.ts'
import type { CurrentRun } from '../asset-status.ts'
import type { CommandContext } from '../command-context.ts'
import { CommandError } from '../command-error.ts'
import { followAsset } from '../follow-asset.ts'
import { type SentUpload, sendUpload, type Upload } from '../send-upload.ts'
import { type CommandClient, requestJson } from '../tracker-client.ts'
import { listDeliveries } from './list-pages.ts'

const TAGGER = 'aws-auto-tagging'
const PIXEL_NAME = 'extension-tracker-doctor.png'
const CLEAN_UP_TIMEOUT_MS = 30_000
/** Shorter, because a user who stopped the command doesn't want to wait. */
const STOPPED_CLEAN_UP_TIMEOUT_MS = 3_000
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** Uploads a real file through the service, waits for its webhook, and deletes the file at ImageKit. */
export async function* checkLive(
  context: CommandContext,
  client: CommandClient,
  limitSeconds: number,
): AsyncGenerator<Check, void> {
  const startedAt = performance.now()
  const stop = new AbortController()
  void context.stopRequested().then(() => stop.abort())
  const { signal } = stop
  let sent: SentUpload
  try {
    sent = await sendPixel(client, signal)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    if (signal.aborted)
      return yield fail('live upload', 'stopped', `ImageKit may have the file: search for ${PIXEL_NAME}.`)
    return yield fail('live upload', error.message, "Check this error and the service's log.")
  }
  const { fileId } = sent.response
  if (fileId === undefined)
    return yield fail(
      'live upload',
      'ImageKit returned no fileId',
      `Check the media library: ${PIXEL_NAME} may be there.`,
    )
  try {
    yield ok('live upload', `file ${fileId}`)
    const asset = await waitForFinalStatus(client, fileId, limitSeconds, signal)
    yield await checkWebhook(client, fileId, asset, Math.round(performance.now() - startedAt))
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    if (signal.aborted) yield fail('live webhook', 'stopped before the webhook arrived', 'Run it again.')
    else yield fail('live webhook', error.message, "Check the service's log.")
  } finally {
    yield await cleanUp(context, fileId, signal.aborted ? STOPPED_CLEAN_UP_TIMEOUT_MS : CLEAN_UP_TIMEOUT_MS)
  }
}

function sendPixel(client: CommandClient, signal: AbortSignal): Promise<SentUpload> {
  const fileName = PIXEL_NAME
  const upload: Upload = {
    source: {
      kind: 'bytes',
      fileName,
      sizeBytes: PIXEL.length,
      read: () => Readable.from([PIXEL]),
      close: async () => {},
    },
    fields: [
      ['fileName', fileName],
      ['extensions', JSON.stringify([{ name: TAGGER, minConfidence: 70, maxTags: 5 }])],
    ],
  }
  return sendUpload(client, upload, signal)
}

/** The asset once nothing is pending, or as it is after `limitSeconds`. */
async function waitForFinalStatus(
  client: CommandClient,
  fileId: string,
  limitSeconds: number,
  signal: AbortSignal,
): Promise<AssetStatus | undefined> {
  let last: AssetStatus | undefined
  for await (const asset of followAsset(client, fileId, limitSeconds, signal)) last = asset
  return last
}

/**
 * Checks that the webhook arrived. A failed run is fine, because a single pixel may not be taggable. `afterMs`: the time since the
 * upload began.
 */
async function checkWebhook(
  client: CommandClient,
  fileId: string,
  asset: AssetStatus | undefined,
  afterMs: number,
): Promise<Check> {
  const name = 'live webhook'
  const run = asset?.extensions.find((candidate) => candidate.name === TAGGER)
  if (run === undefined || run.status === 'pending')
    return fail(
      name,
      `none arrived within ${Math.round(afterMs / 1000)} s`,
      'Check that PUBLIC_URL is reachable from the internet, and the rejected webhooks: deliveries --outcome rejected',
    )
  if (run.source !== 'webhook')
    return warn(
      name,
      `${TAGGER} is ${run.status}, but not by a webhook (source: ${run.source})`,
      'Run it again, or check the webhooks: deliveries',
    )
  if (run.status === 'failed') await acknowledge(client, run)
  const delivery = await formatLatestDelivery(client, fileId)
  return ok(name, `${TAGGER} is ${run.status} after ${(afterMs / 1000).toFixed(1)} s; ${delivery}`)
}

/** Acknowledges the run, because the failure of this test upload needs no attention from an operator. */
async function acknowledge(client: CommandClient, { runId }: CurrentRun): Promise<void> {
  const path = `/runs/${encodeURIComponent(runId)}/acknowledge`
  await requestJson(client, { method: 'POST', path, body: { note: 'doctor --live' } }, z.looseObject({}))
}

/** Deletes the file at ImageKit directly, because the service does not forward deletions. */
async function cleanUp({ env, readText }: CommandContext, fileId: string, timeoutMs: number): Promise<Check> {
  const name = 'live clean-up'
  const variables = new Variables(env, readText)
  const privateKey = variables.text('IMAGEKIT_PRIVATE_KEY')
  const apiUrl = variables.baseUrl('IMAGEKIT_API_URL') ?? 'https://api.imagekit.io'
  const remedy = `Delete it in the media library: ${fileId}`
  if (privateKey === undefined || variables.problems.length > 0) {
    const reason = variables.problems.join('; ') || 'IMAGEKIT_PRIVATE_KEY is not set here'
    return warn(name, `the file was not deleted at ImageKit: ${reason}`, remedy)
  }
  try {
    const status = await deleteFile({ privateKey, apiUrl }, fileId, timeoutMs)
    if (status >= 200 && status < 300) return ok(name, `file ${fileId} is deleted at ImageKit`)
    return warn(name, `the file was not deleted at ImageKit, which responded ${status}`, remedy)
  } catch (error) {
    return warn(name, `the file was not deleted at ImageKit: ${errorMessage(error)}`, remedy)
  }
}

/** Describes the newest delivery about a file: the result of its signature check (`unknown` if it was rejected), and its stored headers. */
async function formatLatestDelivery(client: CommandClient, fileId: string): Promise<string> {
  const { deliveries } = await listDeliveries(client, { fileId }, 1)
  const [delivery] = deliveries
  if (delivery === undefined) return 'the delivery is not listed'
  const path = `/deliveries/${encodeURIComponent(delivery.deliveryId)}`
  const { signature, headers } = await requestJson(client, { path }, deliveryDetailSchema)
  const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`)
  return `its signature is ${signature ?? 'unknown'}; its headers: ${lines.join(' | ')}`
}
