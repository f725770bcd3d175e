/**
 * An id consists of `run_`, `sub_` or `dlv_`, the row's number, `_`, and the check: 64 random bits as 11 characters of base64url.
 * The number is the row's primary key, so ids need no index of their own. The check is compared with that of the row, so that an
 * id from a lost database matches no row of the database that replaced it. A run has the check of its submission.
 */
export type IdKind = 'run' | 'sub' | 'dlv'

/** How many new ids of each kind are needed; a missing kind means none. */
export type IdCounts = { readonly [kind in IdKind]?: number }

/** Assigns the ids of new rows, inside their transaction. Nobody gets an id before the transaction commits. */
export type NewIds = {
  submission: () => string
  /** For a run of this submission. It gets the submission's check, so the run's row determines both ids. */
  run: (submissionId: string) => string
  delivery: () => string
}

const PREFIX_LENGTH = 'run_'.length

/** In characters. */
const CHECK_LENGTH = 11

// The last character has 4 of the 64 bits; any other character there would be a second way to write the same bits.
const NUMBER_AND_CHECK = '([1-9][0-9]{0,15})_([A-Za-z0-9_-]{10}[AEIMQUYcgkosw048])'

const WHOLE_ID = {
  run: new RegExp(`^run_${NUMBER_AND_CHECK}$`),
  sub: new RegExp(`^sub_${NUMBER_AND_CHECK}$`),
  dlv: new RegExp(`^dlv_${NUMBER_AND_CHECK}$`),
} as const satisfies Record<IdKind, RegExp>

/** Finds the ids in a text. */
export const ID_PATTERN = new RegExp(`(?:run|sub|dlv)_${NUMBER_AND_CHECK}`, 'g')

export function formatId(kind: IdKind, number: number, check: string): string {
  return `${kind}_${number}_${check}`
}

/** The check of an id that the store made. */
export function checkOf(id: string): string {
  return id.slice(-CHECK_LENGTH)
}

/** The row number of an id that the store made. */
export function numberOf(id: string): number {
  return Number(id.slice(PREFIX_LENGTH, id.indexOf('_', PREFIX_LENGTH)))
}

/** Undefined unless the text is an id of this kind, exactly as `formatId` writes it. */
export function parseId(kind: IdKind, text: string): { number: number; check: string } | undefined {
  const [, digits, check] = WHOLE_ID[kind].exec(text) ?? []
  if (digits === undefined || check === undefined) return undefined
  const number = Number(digits)
  return Number.isSafeInteger(number) ? { number, check } : undefined
}
