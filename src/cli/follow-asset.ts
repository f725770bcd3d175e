import { type AssetStatus, TrackerApiError, TrackerTimeoutError } from '../client/client.ts'
import { poll } from '../client/follow.ts'
import { assetStatusSchema } from '../contract/asset.ts'
import { CommandError } from './command-error.ts'
import { escapeForTerminal } from './terminal-text.ts'
import { type CommandClient, toCommandError } from './tracker-client.ts'

/** The current status of an asset. Throws `CommandError` if the service doesn't know the asset, or doesn't return its status. */
export async function getAssetStatus(client: CommandClient, fileId: string): Promise<AssetStatus> {
  const status = await client.status(fileId).catch((error: unknown) => {
    throw toStatusError(client, fileId, error)
  })
  return readStatus(status)
}

/**
 * The current status of an asset, then its status after each change, until nothing is pending or `limitSeconds` have passed.
 * After the first response, retries for up to a minute while the service restarts. Throws `CommandError` as `getAssetStatus` does, and
 * as soon as `signal` aborts.
 */
export async function* followAsset(
  client: CommandClient,
  fileId: string,
  limitSeconds = Number.POSITIVE_INFINITY,
  signal?: AbortSignal,
): AsyncGenerator<AssetStatus, void> {
  if (limitSeconds === 0) return yield await getAssetStatus(client, fileId)
  const timeout = limitSeconds * 1000
  try {
    for await (const status of poll(client.http, fileId, { signal, timeout, failsFast: true }))
      yield readStatus(status)
  } catch (error) {
    if (!(error instanceof TrackerTimeoutError)) throw toStatusError(client, fileId, error)
    // Without a cause, the service responded, but something is still pending.
    if (error.cause !== undefined) throw toStatusError(client, fileId, error.cause)
  }
}

function toStatusError({ access }: CommandClient, fileId: string, error: unknown): unknown {
  if (!(error instanceof TrackerApiError)) return toCommandError(access, error)
  if (error.status === 404)
    return new CommandError(`${escapeForTerminal(fileId)} is not known to the service.`, 1, { cause: error })
  return error.status < 300 ? notAStatus(error) : toCommandError(access, error)
}

function readStatus(status: unknown): AssetStatus {
  try {
    return assetStatusSchema.parse(status)
  } catch (cause) {
    throw notAStatus(cause)
  }
}

function notAStatus(cause: unknown): CommandError {
  return new CommandError('The response is not a status. Does TRACKER_URL point to the service?', 1, {
    cause,
  })
}
