import { type AssetStatus, parseAssetStatus } from './asset-status.ts'
import { CommandError } from './command-error.ts'
import { patientClient, pause } from './patient-client.ts'
import { inertText } from './terminal-text.ts'
import type { TrackerAnswer } from './tracker-answer.ts'
import type { TrackerClient } from './tracker-client.ts'

const WAIT_SECONDS = 30
const PAUSE_MS = 1000
const RESTART_TRIES = 60

/** The status of an asset now. Throws `CommandError` where it is not known. */
export async function getAssetStatus(client: TrackerClient, fileId: string): Promise<AssetStatus> {
  return readStatus(client, fileId, await client.send({ method: 'GET', path: pathOf(fileId) }))
}

/**
 * The status of an asset now, then after each change, until nothing is pending or `limitSeconds` have passed. A service
 * that restarts in between is waited for, at most a minute. Throws `CommandError` as soon as `signal` aborts.
 */
export async function* followAsset(
  client: TrackerClient,
  fileId: string,
  limitSeconds = Number.POSITIVE_INFINITY,
  signal?: AbortSignal,
): AsyncGenerator<AssetStatus, void> {
  const endsAt = Date.now() + limitSeconds * 1000
  let wait = 0
  let tries = 1
  let etag: string | undefined
  for (;;) {
    const askedAt = Date.now()
    const request = {
      method: 'GET',
      path: `${pathOf(fileId)}?wait=${wait}`,
      ...(etag !== undefined && { headers: { 'if-none-match': etag } }),
    } as const
    const answer = await patientClient(client, tries).send(request, signal)
    if (answer.status !== 304) {
      const status = readStatus(client, fileId, answer)
      yield status
      if (status.status !== 'pending') return
      etag = answer.header('etag')
    } else if (Date.now() - askedAt < PAUSE_MS) {
      // Without news and at once: the service is stopping. Asking again at once would be a busy loop.
      await pause(PAUSE_MS, signal)
    }
    const leftSeconds = Math.ceil((endsAt - Date.now()) / 1000)
    if (leftSeconds <= 0) return
    wait = Math.min(WAIT_SECONDS, leftSeconds)
    tries = Math.min(RESTART_TRIES, leftSeconds)
  }
}

function pathOf(fileId: string): string {
  return `/assets/${encodeURIComponent(fileId)}/status`
}

function readStatus(client: TrackerClient, fileId: string, answer: TrackerAnswer): AssetStatus {
  if (answer.status === 404) throw new CommandError(`${inertText(fileId)} is not known to the service.`)
  if (answer.status !== 200) throw client.refusal(answer)
  try {
    return parseAssetStatus(answer.text)
  } catch (cause) {
    throw new CommandError('The answer is not a status. Does TRACKER_URL point to the service?', 1, { cause })
  }
}
