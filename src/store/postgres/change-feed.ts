import type { ChangedElsewhere, Commit } from '../../domain/commit.ts'
import { keepListening } from './listening.ts'
import type { Pool } from './pool.ts'
import { prepared } from './prepared.ts'

export type ChangeFeed = {
  /** Tells other processes, soon, what this one has committed. */
  tell: (changed: Pick<Commit, 'fileIds' | 'submissionIds'>) => void
  watch: (listener: (changed: ChangedElsewhere) => void) => void
  close: () => Promise<void>
}

const CHANNEL = 'tracker_changes'
const APPLICATION_NAME = 'imagekit-extension-tracker changes'

/** PostgreSQL takes a lock of the whole server to commit a notification, so one notification covers many commits. */
const TELL_EVERY_MS = 10
const POLL_EVERY_MS = 1_000

/** PostgreSQL takes less than 8,000 bytes. */
const MAX_PAYLOAD_BYTES = 7_500

const NOTIFY = `SELECT pg_notify('${CHANNEL}', $1)`
const NOTIFY_FROM_POOL = prepared(`SELECT pg_notify('${CHANNEL}', ?)`)

/**
 * Commits of other processes, by LISTEN and NOTIFY. A notification is only a hint: it may be lost, or a process may be stopped
 * between its commit and its notification. So every second anything may have changed.
 */
export function createChangeFeed(url: string, pool: Pool): ChangeFeed {
  const listeners: ((changed: ChangedElsewhere) => void)[] = []
  const publish = (changed: ChangedElsewhere): void => {
    for (const listener of listeners) listener(changed)
  }
  let files = new Set<string>()
  let submissions = new Set<string>()
  let telling: NodeJS.Timeout | undefined

  const listening = keepListening(url, {
    channel: CHANNEL,
    applicationName: APPLICATION_NAME,
    onNotification(payload) {
      const changed = readPayload(payload)
      if (changed !== undefined) publish(changed)
    },
  })

  const tellNow = async (): Promise<void> => {
    telling = undefined
    const payload = JSON.stringify([[...files], [...submissions]])
    files = new Set()
    submissions = new Set()
    // What is too much for a notification, or can't be notified, others find within a second.
    if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES) return
    await listening
      .run(NOTIFY, [payload])
      .catch(() => pool.use((session) => session.rows(NOTIFY_FROM_POOL, [payload])))
      .catch(() => {})
  }
  const polling = setInterval(() => {
    publish('unknown')
    // Without an answer, another connection is made.
    listening.run('SELECT 1').catch(() => {})
  }, POLL_EVERY_MS)

  return {
    tell(changed) {
      for (const fileId of changed.fileIds) files.add(fileId)
      for (const submissionId of changed.submissionIds) submissions.add(submissionId)
      if (files.size + submissions.size > 0) telling ??= setTimeout(() => void tellNow(), TELL_EVERY_MS)
    },
    watch: (listener) => void listeners.push(listener),
    async close() {
      clearInterval(polling)
      if (telling !== undefined) {
        clearTimeout(telling)
        await tellNow()
      }
      await listening.close()
    },
  }
}

/** Undefined for what another version may write. */
function readPayload(payload: string): ChangedElsewhere | undefined {
  try {
    const [files, submissions]: unknown[] = JSON.parse(payload)
    return isTexts(files) && isTexts(submissions) ? { fileIds: files, submissionIds: submissions } : undefined
  } catch {
    return undefined
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string')
}
