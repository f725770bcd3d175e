/** Why an open database must not be written to. */
export type DatabaseFault =
  | 'missing'
  | 'replaced'
  | 'truncated'
  | 'log_missing'
  | 'log_truncated'
  | 'unverifiable'
  | 'taken_over'

/** `reason` is shown to every caller, so it names no path; `remedy` is for an operator. */
const TEXTS = {
  missing: {
    reason: 'The database file is no longer at its path.',
    remedy:
      'Put the file back, with the -wal file beside it: the service continues by itself. If it was deleted, run ' +
      '`extension-tracker backup FILE` while the service runs, then stop it, put FILE in place of the database and start again.',
  },
  replaced: {
    reason: 'Another file is at the path of the database.',
    remedy:
      'Put the original file back, with the -wal file beside it: the service continues by itself. If it was deleted, run ' +
      '`extension-tracker backup FILE` while the service runs, then stop it, put FILE in place of the database and start again.',
  },
  truncated: {
    reason: 'The database file was truncated.',
    remedy: 'Stop the service, restore a backup (docs/operators.md, Restore) and start again.',
  },
  log_missing: {
    reason: 'The write-ahead log of the database is no longer at its path.',
    remedy:
      'Stop the service with SIGTERM, not with SIGKILL: it then writes what the log holds into the database. Start it again.',
  },
  log_truncated: {
    reason: 'The write-ahead log of the database was truncated.',
    remedy:
      'Stop the service with SIGKILL, not with SIGTERM, which would copy what is left of the log into the database. Restore a ' +
      'backup (docs/operators.md, Restore) and start again.',
  },
  unverifiable: {
    reason: 'The database file cannot be checked.',
    remedy: "Let the service's user read the folder of the database. See the log for the error.",
  },
  taken_over: {
    reason: 'Another process has opened the database.',
    remedy: 'Stop one of the two processes that use the same database, and restart the other.',
  },
} as const satisfies Record<DatabaseFault, { reason: string; remedy: string }>

export function describeFault(fault: DatabaseFault): { reason: string; remedy: string } {
  const { reason, remedy } = TEXTS[fault]
  return { reason: `${reason} The service accepts no writes.`, remedy }
}
