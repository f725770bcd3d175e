import { type Repeated, repeat } from './repeat.ts'

type DatabaseReopenerDeps = {
  open: () => Promise<void>
  onOpen: () => void
  everyMs: number
  log: { error(fields: object, text: string): void; info(fields: object, text: string): void }
}

const LOG_EVERY_MS = 60_000

/** Retries opening a database that could not be opened at startup, until it is open. Logs failures at most once a minute. */
export function createDatabaseReopener({ open, onOpen, everyMs, log }: DatabaseReopenerDeps): Repeated {
  let isOpen = false
  let failures = 0
  return repeat(
    async () => {
      if (isOpen) return Number.POSITIVE_INFINITY
      await open()
      isOpen = true
      log.info({ event: 'database.recovered' }, 'the database is open')
      onOpen()
      return Number.POSITIVE_INFINITY
    },
    {
      afterFailureMs: everyMs,
      onError: (err) => {
        const isLogged = failures % Math.ceil(LOG_EVERY_MS / everyMs) === 0
        failures += 1
        if (isLogged)
          log.error(
            { event: 'database_open.failed', err },
            'the database cannot be opened; it will be retried',
          )
      },
    },
  )
}
