import type { Run } from '../../domain/run.ts'
import { isRejected, type Submission } from '../../domain/submission.ts'
import type { Store } from '../../store/store.ts'
import type { Links } from '../links.ts'
import { runView } from './run-view.ts'
import { createCacheOf, type StatusCache, type StatusCacheOptions } from './status-cache.ts'
import { type FollowedStatus, type Follower, followStatus, type StatusFeed } from './status-feed.ts'
import { type StatusSnapshot, versionOf } from './status-snapshot.ts'

type SubmissionFacts = { submission: Submission; runs: Run[] }

/**
 * Reads and watches the statuses of submissions, by submissionId. Nothing is cached, because clients read the asset instead once
 * the fileId is known.
 */
export function createSubmissionStatusCache(
  deps: {
    store: Pick<Store, 'findSubmission'>
    links: Links
  },
  options: Omit<StatusCacheOptions, 'cacheBytes'> = {},
): StatusCache {
  const read = async (submissionId: string): Promise<StatusSnapshot | undefined> => {
    const facts = await deps.store.findSubmission(submissionId)
    return facts && takeSubmissionSnapshot(deps.links, facts)
  }
  return createCacheOf(read, { ...options, cache: undefined })
}

function takeSubmissionSnapshot(links: Links, facts: SubmissionFacts): StatusSnapshot {
  const { submission } = facts
  const { state, fileId } = submission
  const body = JSON.stringify(submissionView(links, facts))
  const hasPending = facts.runs.some(({ status }) => status === 'pending')
  return {
    // The asset's status does not include a rejected submission.
    fileId: isRejected(submission) ? null : fileId,
    body,
    version: versionOf(body),
    // Without runs, only the response can be pending.
    isPending: !isRejected(submission) && (hasPending || (facts.runs.length === 0 && state === 'submitting')),
  }
}

/**
 * Follows a submission until its fileId is known, then its asset, so that an uploader needs only one URL. A rejected submission
 * ends the feed with its own state.
 */
export async function followSubmission(
  { statuses, submissionStatuses }: { statuses: StatusCache; submissionStatuses: StatusCache },
  submissionId: string,
  follower: Follower,
): Promise<FollowedStatus> {
  const present = await submissionStatuses.find(submissionId)
  if (present !== undefined && present.fileId !== null)
    return followStatus({ statuses }, present.fileId, follower)
  const followed = await followStatus({ statuses: submissionStatuses }, submissionId, follower)
  if (followed.kind !== 'following') return followed

  let feed: StatusFeed = followed.feed
  let hasLeft = false
  const followAsset = async (fileId: string): Promise<void> => {
    feed.leave()
    feed = SILENT
    const assetFollowed = await followStatus({ statuses }, fileId, {
      ...follower,
      isKnown: () => false,
    }).catch(() => OVER)
    feed = assetFollowed.kind === 'following' ? assetFollowed.feed : OVER.feed
    if (hasLeft) feed.leave()
    else follower.wake()
  }
  const submissionFeed = followed.feed
  return {
    kind: 'following',
    feed: {
      take() {
        const taken = feed.take()
        if (feed !== submissionFeed || taken === undefined || taken.fileId === null) return taken
        void followAsset(taken.fileId)
        return undefined
      },
      isOver: () => feed.isOver(),
      leave() {
        hasLeft = true
        feed.leave()
      },
    },
  }
}

/** The feed until the asset's status has been read. */
const SILENT: StatusFeed = { take: () => undefined, isOver: () => false, leave: () => {} }

/** Ends the stream if the asset could not be read or was forgotten; the client then reconnects. */
const OVER = { kind: 'following', feed: { ...SILENT, isOver: () => true } } as const

/** A submission as `GET /submissions/:submissionId` returns it. */
export function submissionView(links: Links, facts: SubmissionFacts) {
  const { submissionId, kind, state, fileId, error } = facts.submission
  const urls = links.submission(submissionId, fileId)
  return { submissionId, kind, state, fileId, ...urls, extensions: facts.runs.map(runView), error }
}
