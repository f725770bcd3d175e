import { type AssetStatus, parseAssetStatus } from './asset-status.ts'
import { CommandError } from './command-error.ts'
import { escapeForTerminal } from './terminal-text.ts'
import { pause, retryingClient, type TrackerClient } from './tracker-client.ts'
import type { TrackerResponse } from './tracker-response.ts'

/** The longest time for which one request asks the service to wait for a change. */
const WAIT_SECONDS = 30
const POLL_INTERVAL_MS = 1000
/** How often a request is tried, with a second in between: a restart of the service may take up to a minute. */
const RESTART_TRIES = 60

/** The current status of an asset. Throws `CommandError` if the service doesn't know the asset, or doesn't return its status. */
export async function getAssetStatus(client: TrackerClient, fileId: string): Promise<AssetStatus> {
  return readStatus(client, fileId, await client.send({ method: 'GET', path: pathOf(fileId) }))
}

/**
 * The current status of an asset, then its status after each change, until nothing is pending or `limitSeconds` have passed.
 * After the first response, retries for up to a minute while the service restarts. Throws `CommandError` as `getAssetStatus` does, and
 * as soon as `signal` aborts.
 */
export async function* followAsset(
  client: TrackerClient,
  fileId: string,
  limitSeconds = Number.POSITIVE_INFINITY,
  signal?: AbortSignal,
): AsyncGenerator<AssetStatus, void> {
  const endsAt = Date.now() + limitSeconds * 1000
  // The first request returns at once and is not retried, so a wrong address is reported immediately.
  let wait = 0
  let tries = 1
  let etag: string | undefined
  for (;;) {
    const requestedAt = Date.now()
    const request = {
      method: 'GET',
      path: `${pathOf(fileId)}?wait=${wait}`,
      ...(etag !== undefined && { headers: { 'if-none-match': etag } }),
    } as const
    const response = await retryingClient(client, tries).send(request, signal)
    if (response.status !== 304) {
      const status = readStatus(client, fileId, response)
      yield status
      if (status.status !== 'pending') return
      etag = response.header('etag')
    } else if (Date.now() - requestedAt < POLL_INTERVAL_MS) {
      // A service that is stopping responds 304 at once. Without a pause this would be a busy loop.
      await pause(POLL_INTERVAL_MS, signal)
    }
    const remainingSeconds = Math.ceil((endsAt - Date.now()) / 1000)
    if (remainingSeconds <= 0) return
    wait = Math.min(WAIT_SECONDS, remainingSeconds)
    tries = Math.min(RESTART_TRIES, remainingSeconds)
  }
}

function pathOf(fileId: string): string {
  return `/assets/${encodeURIComponent(fileId)}/status`
}

function readStatus(client: TrackerClient, fileId: string, response: TrackerResponse): AssetStatus {
  if (response.status === 404)
    throw new CommandError(`${escapeForTerminal(fileId)} is not known to the service.`)
  if (response.status !== 200) throw client.toError(response)
  try {
    return parseAssetStatus(response.text)
  } catch (cause) {
    throw new CommandError('The response is not a status. Does TRACKER_URL point to the service?', 1, {
      cause,
    })
  }
}
