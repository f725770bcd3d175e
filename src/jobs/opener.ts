import { type Repeated, repeat } from './repeat.ts'

type OpenerDeps = {
  open: () => Promise<void>
  onOpen: () => void
  everyMs: number
  log: { error(fields: object, text: string): void; info(fields: object, text: string): void }
}

const TELL_EVERY_MS = 60_000

/** Opens what could not be opened at the start, as soon as it can be. Says once a minute at most that it can't. */
export function createOpener({ open, onOpen, everyMs, log }: OpenerDeps): Repeated {
  let isOpen = false
  let failedAgain = 0
  return repeat(
    async () => {
      if (isOpen) return Number.POSITIVE_INFINITY
      await open()
      isOpen = true
      log.info({}, 'the database is open')
      onOpen()
      return Number.POSITIVE_INFINITY
    },
    {
      afterFailureMs: everyMs,
      onError: (err) => {
        const isTold = failedAgain % Math.ceil(TELL_EVERY_MS / everyMs) === 0
        failedAgain += 1
        if (isTold) log.error({ err }, 'the database cannot be opened; it is tried again')
      },
    },
  )
}
