import { parseId } from '../domain/ids.ts'
import type { DeliveryFilter, ListedDelivery } from '../domain/listed-delivery.ts'
import type { ListedNotification, NotificationFilter } from '../domain/notification.ts'
import type { ListedRun, RunFilter } from '../domain/run-filter.ts'
import { type ListNumbers, type ReadWindow, readList, type Window } from './list-pages.ts'
import type { Store } from './store.ts'
import type { RunReads, Work } from './transaction-work.ts'

/*
 * The lists of runs, deliveries and notifications. A branch is one way of finding the rows of a list, such as by file name or by
 * id; `list-pages.ts` merges the branches of a list and cuts pages from them.
 */

/**
 * If at most this many submissions have a matching file name, the index of names finds them. Otherwise, windows of runs are
 * searched.
 */
const MAX_NAMED = 3_000

/**
 * The deliveries of a file with at most this many submissions are found through these. Otherwise, windows of deliveries are
 * searched.
 */
const MAX_SUBMISSIONS = 1_000

/**
 * Where to search for runs. `listed`: among all runs; `overdue`: among the overdue ones; `named`: in the index of file names. In
 * these three places `q` matches the beginning of the file name, and runs of rejected submissions are excluded. `file`: the runs
 * of the file whose id is `q`. `run` and `submission`: the run or the runs with the number and the random bits of an id; `q`,
 * which is that id, is not applied again.
 */
export type RunPlace =
  | { kind: 'listed' | 'overdue' | 'named' | 'file' }
  | { kind: 'run' | 'submission'; number: number; check: string }

export type RunRows = {
  numbers: ListNumbers
  /** The number of the last run that the sweep has passed (`overdue-sweep.ts`). */
  findSwept: () => Work<number>
  /** Whether more than `limit` submissions have a file name with this prefix. */
  hasMoreNamed: (prefix: string, limit: number) => Work<boolean>
  /** The runs that match the filter, with `q` as `RunPlace` says. */
  read: (filter: RunFilter, place: RunPlace, window: Window, limit: number) => Work<ListedRun[]>
}

export function createRunList(read: RunReads<RunRows>): Store['listRuns'] {
  return async (filter, page) => {
    const { q } = filter
    const readIn =
      (place: RunPlace): ReadWindow<ListedRun> =>
      (window, limit) =>
        read((rows) => rows.read(filter, place, window, limit))
    const readPending: ReadWindow<ListedRun> = async ({ from, before }, limit) => {
      // Any run that the sweep has passed and that is still pending is overdue.
      const swept = await read((rows) => rows.findSwept())
      const above = { from: Math.max(from, swept + 1), before }
      const newer = above.from < above.before ? await readIn({ kind: 'listed' })(above, limit) : []
      const below = { from, before: Math.min(before, swept + 1) }
      if (newer.length >= limit || below.from >= below.before) return newer
      return [...newer, ...(await readIn({ kind: 'overdue' })(below, limit - newer.length))]
    }
    const isWindowed = q === null || (await read((rows) => rows.hasMoreNamed(q, MAX_NAMED)))
    const readListed = filter.status === 'pending' ? readPending : readIn({ kind: 'listed' })
    const found = await readList((work) => read((rows) => work(rows.numbers)), filter, page, {
      isWindowed,
      idOf: ({ run }) => run.runId,
      branches: [isWindowed ? readListed : readIn({ kind: 'named' }), ...exactPlaces(q).map(readIn)],
    })
    return { runs: found.rows, next: found.next }
  }
}

/**
 * Where to search for runs by id: any `q` may be the id of a file, and it may have the form of the id of a run or a submission.
 */
function exactPlaces(q: string | null): RunPlace[] {
  if (q === null) return []
  const run = parseId('run', q)
  const submission = parseId('sub', q)
  return [
    { kind: 'file' },
    ...(run ? [{ kind: 'run', ...run } as const] : []),
    ...(submission ? [{ kind: 'submission', ...submission } as const] : []),
  ]
}

/**
 * Where to search for deliveries. `listed`: among all. `file`: among those for submissions of the filter's file, and those that
 * contain the id of the file.
 */
type DeliveryPlace = 'listed' | 'file'

export type DeliveryRows = {
  numbers: ListNumbers
  /** Whether a file has more than `limit` submissions. */
  hasMoreSubmissions: (fileId: string, limit: number) => Work<boolean>
  readRecorded: (
    filter: DeliveryFilter,
    place: DeliveryPlace,
    window: Window,
    limit: number,
  ) => Work<ListedDelivery[]>
  /** Applies only the cause and the times of the filter. */
  readRejected: (filter: DeliveryFilter, window: Window, limit: number) => Work<ListedDelivery[]>
}

/**
 * Whether a page can be read with one statement instead of window by window: for rejected deliveries, of which few are stored, and
 * if an index contains exactly the deliveries that the filter selects, apart from its times.
 */
function isIndexed({ outcome, service, cause, fileId }: DeliveryFilter): boolean {
  if (fileId !== null) return false
  if (outcome === 'rejected') return true
  return outcome !== null && outcome !== 'applied' && service === null && cause === null
}

export function createDeliveryList(read: RunReads<DeliveryRows>): Store['listDeliveries'] {
  return async (filter, page) => {
    const { outcome, service, fileId } = filter
    const branches: ReadWindow<ListedDelivery>[] = []
    // Read these first: a rejected delivery that is replayed meanwhile would otherwise be in neither list.
    if ((outcome === null || outcome === 'rejected') && service === null && fileId === null)
      branches.push((window, limit) => read((rows) => rows.readRejected(filter, window, limit)))
    const hasFewSubmissions =
      fileId !== null && !(await read((rows) => rows.hasMoreSubmissions(fileId, MAX_SUBMISSIONS)))
    const place = hasFewSubmissions ? 'file' : 'listed'
    if (outcome !== 'rejected')
      branches.push((window, limit) => read((rows) => rows.readRecorded(filter, place, window, limit)))
    const found = await readList((work) => read((rows) => work(rows.numbers)), filter, page, {
      isWindowed: !hasFewSubmissions && !isIndexed(filter),
      idOf: ({ deliveryId }) => deliveryId,
      branches,
    })
    return { deliveries: found.rows, next: found.next }
  }
}

export type NotificationRows = {
  numbers: ListNumbers
  read: (filter: NotificationFilter, window: Window, limit: number) => Work<ListedNotification[]>
  find: (notificationId: string) => Work<ListedNotification | undefined>
}

export function createNotificationList(read: RunReads<NotificationRows>): Store['listNotifications'] {
  return async (filter, page) => {
    const anyTime = { since: null, until: null }
    const branch: ReadWindow<ListedNotification> = (window, limit) =>
      read((rows) => rows.read(filter, window, limit))
    const found = await readList<ListedNotification>(
      (work) => read((rows) => work(rows.numbers)),
      anyTime,
      page,
      {
        isWindowed: true,
        idOf: ({ runId }) => runId,
        branches: [branch],
      },
    )
    return { notifications: found.rows, next: found.next }
  }
}
