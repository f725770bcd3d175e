export type FileVersion = { id: string; name: string | null }

/** What shows that an extension has done its work: how the file was when it was asked for, and how it is now. */
export type Evidence =
  | { kind: 'new_ai_tags'; source: string; before: string[]; now: string[] }
  | { kind: 'newer_version'; before: FileVersion; now: FileVersion }
  | { kind: 'new_description'; before: string | null; now: string }

/** `asset_gone`: ImageKit has no such file any more. `timed_out`: the time is over, and nothing can be known. */
export type ExpiryReason = 'asset_gone' | 'timed_out'

/** What a status rests on where no word of ImageKit's told it. */
export type StatusReason = Evidence | { kind: ExpiryReason }

export function isEvidence(basis: StatusReason): basis is Evidence {
  return basis.kind !== 'asset_gone' && basis.kind !== 'timed_out'
}
