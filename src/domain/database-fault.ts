/** Why an open database must not be written to. */
export type DatabaseFault =
  | 'missing'
  | 'replaced'
  | 'truncated'
  | 'log_missing'
  | 'log_truncated'
  | 'unverifiable'
  | 'taken_over'

const TEXTS = {
  missing: 'The database file is no longer at its path.',
  replaced: 'Another file is at the path of the database.',
  truncated: 'The database file was truncated.',
  log_missing: 'The write-ahead log of the database is no longer at its path.',
  log_truncated: 'The write-ahead log of the database was truncated.',
  unverifiable: 'The database file cannot be checked.',
  taken_over: 'Another process has opened the database.',
} as const satisfies { [fault in DatabaseFault]: string }

/** Every caller may see this text, so it names no path. */
export function describeFault(fault: DatabaseFault): string {
  return `${TEXTS[fault]} The service accepts no writes.`
}
