import { type FilePlace, mayBeAt, mayBeNamed } from '../../domain/file-place.ts'
import { EVERY_RUN } from '../../domain/run-filter.ts'
import type { Store } from '../../store/store.ts'

const PAGE = { limit: 200, maxPages: 10 }

type FindFilesDeps = { store: Pick<Store, 'listRuns' | 'findSubmission'> }

/**
 * The ids of the files that may be at a place, according to the name and the URL in ImageKit's response to their upload, and that have
 * runs with this status among the newest 2,000.
 */
export async function findFilesAt(
  { store }: FindFilesDeps,
  place: FilePlace,
  status: 'pending' | 'expired',
): Promise<string[]> {
  const fileIds = new Set<string>()
  let before: number | null = null
  for (let page = 0; page < PAGE.maxPages; page += 1) {
    const listed: Awaited<ReturnType<Store['listRuns']>> = await store.listRuns(
      { ...EVERY_RUN, status },
      { limit: PAGE.limit, before },
    )
    const named = listed.runs.filter(({ fileName }) => mayBeNamed(fileName, place))
    const submissionIds = new Set(named.map(({ run }) => run.submissionId))
    const found = await Promise.all([...submissionIds].map((id) => store.findSubmission(id)))
    for (const { submission } of found.filter((one) => one !== undefined)) {
      const { fileId, baseline } = submission
      if (fileId !== null && baseline?.url && mayBeAt(baseline.url, place)) fileIds.add(fileId)
    }
    before = listed.next
    if (before === null) break
  }
  return [...fileIds]
}
