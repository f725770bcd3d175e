import type { FilePlace } from '../../domain/file-place.ts'
import type { UploadResponse } from '../../domain/upload-response.ts'
import type { Store } from '../../store/store.ts'
import { type ApplyResponseDeps, applyResponse } from '../uploads/apply-response.ts'
import { findPendingFiles } from './pending-files.ts'

export type RecordOverwritesDeps = ApplyResponseDeps & {
  store: Pick<Store, 'createSubmission' | 'listRuns' | 'findSubmission'>
}

/**
 * Records, before it is forwarded, that a request may add versions to the files at a place: as a submission without extensions for each
 * file that has pending runs. Otherwise a version that a copied or moved file adds would be evidence of remove-bg. Returns a function
 * that records ImageKit's status; null if there was no response.
 */
export async function recordOverwrites(
  deps: RecordOverwritesDeps,
  place: FilePlace,
  keyName: string,
): Promise<(status: number | null) => Promise<void>> {
  const recorded: { submissionId: string; fileId: string }[] = []
  for (const fileId of await findPendingFiles(deps, place)) {
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

function responseOf(status: number | null, fileId: string): UploadResponse {
  if (status !== null && status >= 200 && status < 300) {
    const unknown = { fileName: null, requestId: null, baseline: null }
    return { kind: 'accepted', fileId, ...unknown, extensionStatus: {} }
  }
  const isRejected = status !== null && status >= 400 && status < 500
  const message = 'A forwarded request to copy or move files to this path was not accepted.'
  const code = isRejected ? 'imagekit_rejected' : 'imagekit_unclear'
  return {
    kind: isRejected ? 'rejected' : 'unconfirmed',
    requestId: null,
    error: { code, message, status },
  }
}
