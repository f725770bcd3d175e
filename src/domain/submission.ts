import type { NewIds } from './ids.ts'
import type { Json, JsonObject } from './json.ts'
import { type Run, requestedRun } from './run.ts'

export type SubmissionKind = 'upload' | 'update' | 'external'

/**
 * `submitting`: in progress; an `external` submission: registered, and ImageKit's response not reported to us yet. `unconfirmed`:
 * the request may have reached ImageKit, but there was no clear response.
 */
export type SubmissionState = 'submitting' | 'accepted' | 'rejected' | 'unconfirmed'

/** The runs of a rejected submission are neither due nor current, and listed only in a search by an id. */
export function isRejected({ state }: Pick<Submission, 'state'>): boolean {
  return state === 'rejected'
}

/** Whether one of our processes is sending the submission or waiting for ImageKit's response, or died while it was. */
export function isInProgress({ state, kind }: Pick<Submission, 'state' | 'kind'>): boolean {
  return state === 'submitting' && kind !== 'external'
}

/** An entry of `extensions` as the caller wrote it. Only its name is validated here; ImageKit validates the rest. */
export type RequestedExtension = JsonObject & { name: string }

/** The state of the file when the runs were requested, from ImageKit's response. Later states are compared with it for evidence. */
export type Baseline = {
  versionId: string | null
  versionName: string | null
  /** The names of the AI tags, by their source. */
  aiTags: { [source: string]: string[] }
  description: string | null
  tags: Json
  customMetadata: Json
  updatedAt: string | null
  /** The http(s) URL of the file itself; null if unknown. */
  url: string | null
}

export type SubmissionError = { code: string; message: string; status: number | null }

export type Submission = {
  submissionId: string
  kind: SubmissionKind
  state: SubmissionState
  fileId: string | null
  fileName: string | null
  extensions: RequestedExtension[]
  callerWebhookUrl: string | null
  /** The name of the key with which the request was made. */
  keyName: string | null
  /** ImageKit's `x-ik-requestId`. */
  requestId: string | null
  error: SubmissionError | null
  baseline: Baseline | null
  /** The request itself set a description, so a changed description is no evidence for another submission. */
  setsDescription: boolean
  createdAt: number
  updatedAt: number
}

export type NewSubmission = Pick<
  Submission,
  'kind' | 'fileId' | 'fileName' | 'extensions' | 'callerWebhookUrl' | 'keyName' | 'setsDescription'
> & {
  at: number
  attempt: number
}

/** A new submission and its runs, one for each distinct name, before ImageKit's response. */
export function openSubmission(
  request: NewSubmission,
  ids: Pick<NewIds, 'submission' | 'run'>,
): { submission: Submission; runs: Run[] } {
  const { at, attempt, ...fields } = request
  const submissionId = ids.submission()
  const submission: Submission = {
    submissionId,
    ...fields,
    state: 'submitting',
    requestId: null,
    error: null,
    baseline: null,
    createdAt: at,
    updatedAt: at,
  }
  const names = [...new Set(request.extensions.map((extension) => extension.name))]
  return {
    submission,
    runs: names.map((name) =>
      requestedRun({ runId: ids.run(submissionId), submissionId, name, attempt, at }),
    ),
  }
}
