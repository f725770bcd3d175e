import { Readable } from 'node:stream'
import { z } from 'zod'
import { Variables } from '../../config/variables.ts'
import { type Check, fail, ok, warn } from '../../domain/check.ts'
import { deleteFile } from '../../imagekit/delete-file.ts'
import { askTracker } from '../ask-tracker.ts'
import type { AssetStatus, RunStatus } from '../asset-status.ts'
import type { CommandContext } from '../command-context.ts'
import { CommandError, errorMessage } from '../command-error.ts'
import { followAsset } from '../follow-asset.ts'
import { type SentUpload, sendUpload } from '../send-upload.ts'
import type { TrackerClient } from '../tracker-client.ts'
import { findLiveDelivery } from './doctor-live-delivery.ts'

const TAGGER = 'aws-auto-tagging'
const PIXEL_NAME = 'extension-tracker-doctor.png'
const CLEAN_UP_MS = 30_000
/** Whoever has stopped it does not want to wait. */
const STOPPED_CLEAN_UP_MS = 3_000
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** The whole way once: a real upload through the service, its webhook, and the file deleted at ImageKit. */
export async function* checkLive(
  context: CommandContext,
  client: TrackerClient,
  limitSeconds: number,
): AsyncGenerator<Check, void> {
  const startedAt = performance.now()
  const stop = new AbortController()
  void context.stopRequested().then(() => stop.abort())
  const { signal } = stop
  let sent: SentUpload
  try {
    sent = await sendPixel({ ...client, send: (request) => client.send(request, signal) })
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    if (signal.aborted)
      return yield fail('live upload', 'stopped', `ImageKit may have the file: look for ${PIXEL_NAME}.`)
    return yield fail('live upload', error.message, "See what is said, and the service's log.")
  }
  const { fileId } = sent.answer
  if (fileId === undefined)
    return yield fail('live upload', 'ImageKit told no fileId', 'See the media library: it may be there.')
  try {
    yield ok('live upload', `file ${fileId}`)
    const asset = await waitForEnd(client, fileId, limitSeconds, signal)
    yield await judge(client, fileId, asset, Math.round(performance.now() - startedAt))
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    if (signal.aborted) yield fail('live webhook', 'stopped before it came', 'Run it again.')
    else yield fail('live webhook', error.message, "See the service's log.")
  } finally {
    yield await cleanUp(context, fileId, signal.aborted ? STOPPED_CLEAN_UP_MS : CLEAN_UP_MS)
  }
}

function sendPixel(client: TrackerClient): Promise<SentUpload> {
  const fileName = PIXEL_NAME
  return sendUpload(client, {
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
  })
}

async function waitForEnd(
  client: TrackerClient,
  fileId: string,
  limitSeconds: number,
  signal: AbortSignal,
): Promise<AssetStatus | undefined> {
  let last: AssetStatus | undefined
  for await (const asset of followAsset(client, fileId, limitSeconds, signal)) last = asset
  return last
}

/** Whether it failed does not matter here: a pixel shows nothing. That its webhook came does. */
async function judge(
  client: TrackerClient,
  fileId: string,
  asset: AssetStatus | undefined,
  afterMs: number,
): Promise<Check> {
  const name = 'live webhook'
  const run = asset?.extensions.find((one) => one.name === TAGGER)
  if (run === undefined || run.status === 'pending')
    return fail(
      name,
      `none came within ${Math.round(afterMs / 1000)} s`,
      'See that the internet reaches PUBLIC_URL, and the refused ones: deliveries --outcome rejected',
    )
  if (run.source !== 'webhook')
    return warn(
      name,
      `${TAGGER} is ${run.status} by the ${run.source}: no webhook was seen`,
      'Run it again, or see: deliveries',
    )
  if (run.status === 'failed') await acknowledge(client, run)
  const delivery = await findLiveDelivery(client, fileId)
  return ok(name, `${TAGGER} is ${run.status} after ${(afterMs / 1000).toFixed(1)} s; ${delivery}`)
}

/** An operator has nothing to see to in it. */
async function acknowledge(client: TrackerClient, { runId }: RunStatus): Promise<void> {
  const path = `/runs/${encodeURIComponent(String(runId))}/acknowledge`
  await askTracker(client, { method: 'POST', path, body: { note: 'doctor --live' } }, z.looseObject({}))
}

async function cleanUp({ env, readText }: CommandContext, fileId: string, timeoutMs: number): Promise<Check> {
  const name = 'live clean-up'
  const variables = new Variables(env, readText)
  const privateKey = variables.text('IMAGEKIT_PRIVATE_KEY')
  const apiUrl = variables.baseUrl('IMAGEKIT_API_URL') ?? 'https://api.imagekit.io'
  const byHand = `Delete it in the media library: ${fileId}`
  if (privateKey === undefined || variables.problems.length > 0)
    return warn(name, 'the file stays at ImageKit: IMAGEKIT_PRIVATE_KEY is not set here', byHand)
  try {
    const status = await deleteFile({ privateKey, apiUrl }, fileId, timeoutMs)
    if (status >= 200 && status < 300) return ok(name, `file ${fileId} is deleted at ImageKit`)
    return warn(name, `the file stays at ImageKit, which answered ${status}`, byHand)
  } catch (error) {
    return warn(name, `the file stays at ImageKit: ${errorMessage(error)}`, byHand)
  }
}
