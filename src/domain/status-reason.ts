export type FileVersion = { id: string; name: string | null }

/** What shows that an extension has done its work: the file at the time of the request, and now. */
export type Evidence =
  | { kind: 'new_ai_tags'; source: string; before: string[]; now: string[] }
  | { kind: 'newer_version'; before: FileVersion; now: FileVersion }
  | { kind: 'new_description'; before: string | null; now: string }

/** `asset_gone`: ImageKit no longer has the file. `timed_out`: the window is over without a result or evidence. */
export type ExpiryReason = 'asset_gone' | 'timed_out'

/** Why a run has a status that ImageKit itself did not report. */
export type StatusReason = Evidence | { kind: ExpiryReason }

export function isEvidence(reason: StatusReason): reason is Evidence {
  return reason.kind !== 'asset_gone' && reason.kind !== 'timed_out'
}
