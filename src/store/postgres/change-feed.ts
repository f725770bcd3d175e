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
const CHECK_EVERY_MS = 1_000

/** PostgreSQL takes less than 8,000 bytes. */
const MAX_PAYLOAD_BYTES = 7_500
const UNKNOWN = '*'
const PING = ''

const NOTIFY = `SELECT pg_notify('${CHANNEL}', $1)`
const NOTIFY_FROM_POOL = prepared(`SELECT pg_notify('${CHANNEL}', ?)`)
const LIST_LISTENERS = `SELECT pid FROM pg_stat_activity
  WHERE application_name = '${APPLICATION_NAME}' AND datname = current_database()`

/**
 * Commits of other processes, by LISTEN and NOTIFY. A notification is only a hint: a process may die between its commit and its
 * notification. So every second this process checks that it receives its own notifications and that no other listener has
 * disappeared. If either check fails, it reports `unknown`.
 */
export function createChangeFeed(url: string, pool: Pool): ChangeFeed {
  const listeners: ((changed: ChangedElsewhere) => void)[] = []
  const publish = (changed: ChangedElsewhere): void => {
    for (const listener of listeners) listener(changed)
  }
  let hasHeardItself = true
  let others = new Set<number>()
  /** How many more checks count as failed: a process that has gone may have left a transaction that is still being committed. */
  let doubtful = 0
  let files = new Set<string>()
  let submissions = new Set<string>()
  let telling: NodeJS.Timeout | undefined

  const listening = keepListening(url, {
    channel: CHANNEL,
    applicationName: APPLICATION_NAME,
    onConnect: () => publish('unknown'),
    onNotification(payload, from) {
      if (from === 'itself') hasHeardItself = true
      else if (payload !== PING) publish(readPayload(payload))
    },
  })

  const notify = async (payload: string): Promise<void> => {
    try {
      await listening.rows(NOTIFY, [payload])
    } catch {
      await pool.use((session) => session.rows(NOTIFY_FROM_POOL, [payload]))
    }
  }
  const tellNow = async (): Promise<void> => {
    telling = undefined
    const payload = writePayload(files, submissions)
    const told = [files, submissions] as const
    files = new Set()
    submissions = new Set()
    try {
      await notify(payload)
    } catch {
      for (const fileId of told[0]) files.add(fileId)
      for (const submissionId of told[1]) submissions.add(submissionId)
      tellLater(CHECK_EVERY_MS)
    }
  }
  const tellLater = (ms: number): void => {
    telling ??= setTimeout(() => void tellNow(), ms)
  }
  const check = async (): Promise<void> => {
    const isDeaf = !hasHeardItself
    hasHeardItself = false
    try {
      const present = new Set((await listening.rows<[number]>(LIST_LISTENERS)).map(([pid]) => pid))
      if ([...others].some((pid) => !present.has(pid))) doubtful = 2
      others = present
      await listening.rows(NOTIFY, [PING])
    } catch {
      doubtful = Math.max(doubtful, 1)
    }
    if (isDeaf || doubtful > 0) publish('unknown')
    doubtful = Math.max(doubtful - 1, 0)
  }
  const checking = setInterval(() => void check(), CHECK_EVERY_MS)

  return {
    tell(changed) {
      for (const fileId of changed.fileIds) files.add(fileId)
      for (const submissionId of changed.submissionIds) submissions.add(submissionId)
      if (files.size + submissions.size > 0) tellLater(TELL_EVERY_MS)
    },
    watch: (listener) => void listeners.push(listener),
    async close() {
      clearInterval(checking)
      if (telling !== undefined) {
        clearTimeout(telling)
        await tellNow()
        clearTimeout(telling)
      }
      await listening.close()
    },
  }
}

function writePayload(files: ReadonlySet<string>, submissions: ReadonlySet<string>): string {
  const payload = JSON.stringify([[...files], [...submissions]])
  return Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES ? UNKNOWN : payload
}

/** Another version may write something else. */
function readPayload(payload: string): ChangedElsewhere {
  if (payload === UNKNOWN) return 'unknown'
  try {
    const [files, submissions]: unknown[] = JSON.parse(payload)
    if (!isTexts(files) || !isTexts(submissions)) return 'unknown'
    return { fileIds: files, submissionIds: submissions }
  } catch {
    return 'unknown'
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string')
}
