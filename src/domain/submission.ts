import type { NewIds } from './ids.ts'
import type { Json, JsonObject } from './json.ts'
import { type Run, requestedRun } from './run.ts'
import { SAVED_EXTENSION } from './saved-extension.ts'

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
  /** The W3C `traceparent` under which the request was traced, for what it causes later; null if it was not traced. */
  traceparent: string | null
  createdAt: number
  updatedAt: number
}

export type NewSubmission = Pick<
  Submission,
  'kind' | 'fileId' | 'fileName' | 'extensions' | 'callerWebhookUrl' | 'keyName' | 'setsDescription'
> & {
  at: number
  attempt: number
  traceparent?: string | null
  /** The names of the extensions that its saved extensions run, by the ids of those; without those that are not known. */
  savedNames?: ReadonlyMap<string, string>
}

/**
 * A new submission and its runs, one for each distinct name, before ImageKit's response. Saved extensions whose real names are not
 * known share one run, their placeholder.
 */
export function openSubmission(
  request: NewSubmission,
  ids: Pick<NewIds, 'submission' | 'run'>,
): { submission: Submission; runs: Run[] } {
  const { at, attempt, savedNames, ...fields } = request
  const submissionId = ids.submission()
  const submission: Submission = {
    submissionId,
    ...fields,
    state: 'submitting',
    requestId: null,
    error: null,
    baseline: null,
    traceparent: request.traceparent ?? null,
    createdAt: at,
    updatedAt: at,
  }
  const requestedAs = new Map<string, string | null>()
  for (const extension of request.extensions) {
    const name = realNameOf(extension, savedNames)
    if (!requestedAs.has(name)) requestedAs.set(name, name === extension.name ? null : extension.name)
  }
  const runs = [...requestedAs].map(([name, requestedName]) => ({
    ...requestedRun({ runId: ids.run(submissionId), submissionId, name, attempt, at }),
    requestedAs: requestedName,
  }))
  return { submission, runs }
}

function realNameOf({ name, id }: RequestedExtension, savedNames: NewSubmission['savedNames']): string {
  return (name === SAVED_EXTENSION && typeof id === 'string' ? savedNames?.get(id) : undefined) ?? name
}
