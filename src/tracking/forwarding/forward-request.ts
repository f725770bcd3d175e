import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { TrackerError } from '../../domain/errors.ts'
import type { FilePlace } from '../../domain/file-place.ts'
import type { ForwardedTarget } from '../../domain/passthrough.ts'
import type { Store } from '../../store/store.ts'
import type { ConcurrencyLimiter } from '../uploads/concurrency-limiter.ts'
import { findFilesAt } from './find-files.ts'
import { type RecordOverwritesDeps, recordOverwrites } from './record-overwrites.ts'

type Headers = { [name: string]: string | string[] | undefined }

/** ImageKit's response. Its body may still be arriving. */
export type ForwardedResponse = {
  status: number
  headers: { [name: string]: string }
  body: Readable | Buffer<ArrayBuffer>
}

export type ForwardRequestDeps<Method> = RecordOverwritesDeps & {
  forwarder: {
    forward(request: {
      method: Method
      target: string
      headers: Headers
      body: Buffer | null
      signal?: AbortSignal
    }): Promise<
      | { kind: 'responded'; status: number; headers: { [name: string]: string }; body: Readable }
      | { kind: 'redirected'; status: number }
      | { kind: 'broken'; timedOut: boolean; cause: unknown }
    >
  }
  /** The ids in ImageKit's response to a deletion of several files. */
  readDeletedFileIds: (text: string) => string[]
  /** Reads one file; null if it is gone. */
  findFile: (fileId: string) => Promise<{ kind: 'ok'; value: object | null } | { kind: string }>
  store: Pick<Store, 'recordAssetGone'>
  limiter: Pick<ConcurrencyLimiter, 'track'>
  log: { info(fields: object, text: string): void; error(fields: object, text: string): void }
}

/**
 * Forwards a request to ImageKit, and applies what it changes to our runs before the response is returned. Throws if there is no
 * response. If the process ends in between, the reconciler finds the same changes later.
 */
export async function forwardRequest<Method extends string>(
  deps: ForwardRequestDeps<Method>,
  request: {
    id: string
    method: Method
    target: ForwardedTarget
    headers: Headers
    body: Buffer | null
    deletes?: 'file' | 'files' | 'folder' | undefined
    overwrites?: 'file' | 'folder' | undefined
    /** It makes another version of the file the current one. */
    restores?: boolean | undefined
    /** The place that it deletes or overwrites; null if there is none. */
    place: FilePlace | null
    keyName: string
    /** Aborts a request that only reads. Any other request is completed even if its caller disconnects. */
    signal: AbortSignal
  },
): Promise<ForwardedResponse> {
  const { id, method, target, headers, body, deletes, overwrites, restores, place, keyName, signal } = request
  const isRead = method === 'GET'
  const overwritten = restores ? target.params['fileId'] : overwrites && place
  const recordStatus = overwritten
    ? await recordOverwrites(deps, overwritten, keyName)
    : () => Promise.resolve()
  const forwarded = await deps.forwarder.forward({
    method,
    target: target.path + target.query,
    headers,
    body,
    ...(isRead && { signal }),
  })
  await recordStatus(forwarded.kind === 'responded' ? forwarded.status : null)
  if (forwarded.kind === 'broken') throw noResponse(forwarded, signal)
  const { status } = forwarded
  if (!isRead)
    deps.log.info({ event: 'request.forwarded', operation: id, status, keyName }, 'request forwarded')
  if (forwarded.kind === 'redirected')
    throw new TrackerError(
      'imagekit_unreachable',
      `ImageKit's address responded with a redirect (${status}), which is not followed. Check IMAGEKIT_API_URL.`,
    )
  if (status >= 300) return forwarded
  if (deletes === 'file') await recordGone(deps, [target.params['fileId'] ?? ''])
  if (deletes === 'folder' && place) void deps.limiter.track(() => recordFolderGone(deps, place))
  if (deletes !== 'files') return forwarded
  const response = await buffer(forwarded.body).catch((cause: unknown) => {
    throw noResponse({ timedOut: false, cause }, signal)
  })
  await recordGone(deps, deps.readDeletedFileIds(response.toString()))
  return { status, headers: forwarded.headers, body: response }
}

type GoneDeps = Pick<ForwardRequestDeps<never>, 'store' | 'writeRetries' | 'clock' | 'findFile' | 'log'>

async function recordGone(
  { store, writeRetries, clock }: Pick<GoneDeps, 'store' | 'writeRetries' | 'clock'>,
  fileIds: readonly string[],
): Promise<void> {
  const at = clock()
  for (const fileId of fileIds)
    await writeRetries.apply(async () => void (await store.recordAssetGone(fileId, at)))
}

/** Looks up the pending files that may have been in a deleted folder: ImageKit doesn't say which were. Never rejects. */
async function recordFolderGone(deps: GoneDeps, place: FilePlace): Promise<void> {
  try {
    for (const fileId of await findFilesAt(deps, place, 'pending')) {
      const found = await deps.findFile(fileId)
      if ('value' in found && found.value === null) await recordGone(deps, [fileId])
    }
  } catch (err) {
    deps.log.error(
      { event: 'folder_files.failed', err },
      'the files of a deleted folder could not be looked up',
    )
  }
}

function noResponse(
  { timedOut, cause }: { timedOut: boolean; cause: unknown },
  signal: AbortSignal,
): TrackerError {
  if (signal.aborted) return new TrackerError('client_closed', 'The caller disconnected.')
  return timedOut
    ? new TrackerError('imagekit_timeout', 'ImageKit did not respond in time.', { cause })
    : new TrackerError('imagekit_unreachable', 'The connection to ImageKit failed or broke.', { cause })
}
