import type { ChangedElsewhere, Commit } from '../../domain/commit.ts'
import { keepListening } from './listening.ts'
import type { Pool } from './pool.ts'
import { prepared } from './prepared.ts'

export type ChangeFeed = {
  /** Notifies other processes, after a short delay, of what this process has committed. */
  notify: (changed: Pick<Commit, 'fileIds' | 'submissionIds'>) => void
  /**
   * Calls the listener with what other processes have committed, and every second with `unknown`. It may also be called with what
   * this process has committed.
   */
  watch: (listener: (changed: ChangedElsewhere) => void) => void
  /** Why notifications can't arrive at the moment; undefined if they can. */
  fault: () => string | undefined
  close: () => Promise<void>
}

const CHANNEL = 'tracker_changes'
const APPLICATION_NAME = 'imagekit-extension-tracker changes'

/** PostgreSQL takes a server-wide lock to commit a notification, so one notification covers many commits. */
const NOTIFY_EVERY_MS = 10
const POLL_EVERY_MS = 1_000

/** PostgreSQL accepts fewer than 8,000 bytes. */
const MAX_PAYLOAD_BYTES = 7_500

const NOTIFY = `SELECT pg_notify('${CHANNEL}', $1)`
const NOTIFY_FROM_POOL = prepared(`SELECT pg_notify('${CHANNEL}', ?)`)

/**
 * Reports commits of other processes, by LISTEN and NOTIFY. A notification is only a hint: it may be lost, or a process may be
 * stopped between its commit and its notification. Therefore listeners get `unknown` every second.
 */
export function createChangeFeed(url: string, pool: Pool): ChangeFeed {
  const listeners: ((changed: ChangedElsewhere) => void)[] = []
  const publish = (changed: ChangedElsewhere): void => {
    for (const listener of listeners) listener(changed)
  }
  let files = new Set<string>()
  let submissions = new Set<string>()
  let pendingNotification: NodeJS.Timeout | undefined

  const listening = keepListening(url, {
    channel: CHANNEL,
    applicationName: APPLICATION_NAME,
    onNotification(payload) {
      const changed = readPayload(payload)
      if (changed !== undefined) publish(changed)
    },
  })

  const notifyNow = async (): Promise<void> => {
    pendingNotification = undefined
    const payload = JSON.stringify([[...files], [...submissions]])
    files = new Set()
    submissions = new Set()
    // If the payload is too large or can't be sent, other processes find the changes within a second.
    if (Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES) return
    await listening
      .run(NOTIFY, [payload])
      .catch(() => pool.use((session) => session.rows(NOTIFY_FROM_POOL, [payload])))
      .catch(() => {})
  }
  const polling = setInterval(() => {
    publish('unknown')
    // Detects a dead connection: if there is no response, `listening` makes a new one.
    listening.run('SELECT 1').catch(() => {})
  }, POLL_EVERY_MS)

  return {
    notify(changed) {
      for (const fileId of changed.fileIds) files.add(fileId)
      for (const submissionId of changed.submissionIds) submissions.add(submissionId)
      if (files.size + submissions.size > 0)
        pendingNotification ??= setTimeout(() => void notifyNow(), NOTIFY_EVERY_MS)
    },
    watch: (listener) => void listeners.push(listener),
    fault: listening.fault,
    async close() {
      clearInterval(polling)
      if (pendingNotification !== undefined) {
        clearTimeout(pendingNotification)
        await notifyNow()
      }
      await listening.close()
    },
  }
}

/** Undefined for a payload of another version of this program. */
function readPayload(payload: string): ChangedElsewhere | undefined {
  try {
    const [files, submissions]: unknown[] = JSON.parse(payload)
    return isStringArray(files) && isStringArray(submissions)
      ? { fileIds: files, submissionIds: submissions }
      : undefined
  } catch {
    return undefined
  }
}

function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
