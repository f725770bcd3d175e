import type { FilePlace } from '../../domain/file-place.ts'
import type { UploadResponse } from '../../domain/upload-response.ts'
import type { Store } from '../../store/store.ts'
import { type ApplyResponseDeps, applyResponse } from '../uploads/apply-response.ts'
import { findFilesAt } from './find-files.ts'

export type RecordOverwritesDeps = ApplyResponseDeps & {
  store: Pick<Store, 'createSubmission' | 'listRuns' | 'findSubmission' | 'findAsset'>
}

/**
 * Records, before it is forwarded, that a request may change the current version of files: as a submission without extensions for each
 * file that evidence may settle runs of. Otherwise a version that is copied, moved or restored would be evidence of remove-bg.
 * `target`: the place at which files are overwritten, or the id of a file. Returns a function that records ImageKit's status; null if
 * there was no response.
 */
export async function recordOverwrites(
  deps: RecordOverwritesDeps,
  target: FilePlace | string,
  keyName: string,
): Promise<(status: number | null) => Promise<void>> {
  const recorded: { submissionId: string; fileId: string }[] = []
  for (const fileId of await findUnsettledFiles(deps, target)) {
    const { submissionId } = await deps.store.createSubmission({
      kind: 'external',
      fileId,
      fileName: null,
      extensions: [],
      callerWebhookUrl: null,
      keyName,
      setsDescription: true,
      attempt: 1,
      at: deps.clock(),
    })
    recorded.push({ submissionId, fileId })
  }
  return async (status) => {
    for (const { submissionId, fileId } of recorded)
      await applyResponse(deps, { submissionId, response: responseOf(status, fileId) })
  }
}

/** The files with pending runs, or with expired ones: evidence settles these, too, after an event about a change of the file. */
async function findUnsettledFiles(
  deps: Pick<RecordOverwritesDeps, 'store'>,
  target: FilePlace | string,
): Promise<Iterable<string>> {
  if (typeof target !== 'string')
    return new Set([
      ...(await findFilesAt(deps, target, 'pending')),
      ...(await findFilesAt(deps, target, 'expired')),
    ])
  const asset = await deps.store.findAsset(target)
  const isUnsettled = asset?.runs.some(({ status }) => status === 'pending' || status === 'expired')
  return isUnsettled ? [target] : []
}

function responseOf(status: number | null, fileId: string): UploadResponse {
  if (status !== null && status >= 200 && status < 300) {
    const unknown = { fileName: null, requestId: null, baseline: null }
    return { kind: 'accepted', fileId, ...unknown, extensionStatus: {} }
  }
  const isRejected = status !== null && status >= 400 && status < 500
  const message = 'A forwarded request to copy, move or restore files was not accepted.'
  const code = isRejected ? 'imagekit_rejected' : 'imagekit_unclear'
  return {
    kind: isRejected ? 'rejected' : 'unconfirmed',
    requestId: null,
    error: { code, message, status },
  }
}
