// What an operator reads, as the pages and routes ask the store for it.
import { EVERY_RUN } from '../../dist/domain/run-filter.js'
import { describeStats } from '../../dist/tracking/operators/describe-stats.js'

const DAY = 86_400_000

/** Each with its name, and `read(sample, round)`, which takes the things of that round. */
export function operatorReads() {
  const list =
    (filter, { limit = 50, isDeep = false } = {}) =>
    (sample, round) => {
      const told = typeof filter === 'function' ? filter(sample, round) : filter
      const before = isDeep ? sample.picked[round].seq : null
      return sample.store.listRuns({ ...EVERY_RUN, ...told }, { limit, before })
    }
  const deliveries =
    (filter, isDeep = false) =>
    (sample, round) => {
      const told = typeof filter === 'function' ? filter(sample, round) : filter
      const before = isDeep ? { kept: sample.picked[round].seq * 3, refused: null } : null
      return sample.store.listDeliveries({ outcome: null, fileId: null, ...told }, { limit: 50, before })
    }
  const worklist = { status: 'failed', acknowledged: false }
  const lastDays = (days) => (sample) => ({ since: sample.newest - days * DAY })
  const anHour = (sample, round) => {
    const since = sample.newest - (1 + ((round * 37) % 88)) * DAY
    return { since, until: since + 3_600_000 }
  }
  const picked = (name) => (sample, round) => ({ q: sample.picked[round][name] })
  const stats = (windowMs) => (sample) =>
    describeStats({ store: sample.store, clock: () => sample.newest }, windowMs)
  return [
    ['runs: all', list({})],
    ['runs: all, 200 of them', list({}, { limit: 200 })],
    ['runs: all, a page in the middle', list({}, { isDeep: true })],
    ['failures: the worklist', list(worklist)],
    ['failures: the worklist, 200 of them', list(worklist, { limit: 200 })],
    ['failures: the worklist, a page in the middle', list(worklist, { isDeep: true })],
    ['failures: with those that were seen to', list({ status: 'failed' })],
    ['failures: of one extension', list({ ...worklist, extension: 'ai-tasks' })],
    ['failures: of one cause', list({ ...worklist, cause: 'ThrottlingException' })],
    [
      'failures: of one extension and cause',
      list({ ...worklist, extension: 'remove-bg', cause: 'quota_exceeded' }),
    ],
    ['failures: of the last 24 hours', list((sample) => ({ ...worklist, ...lastDays(1)(sample) }))],
    ['failures: of the last 30 days', list((sample) => ({ ...worklist, ...lastDays(30)(sample) }))],
    ['failures: of one hour', list((sample, round) => ({ ...worklist, ...anHour(sample, round) }))],
    ['failures: until 80 days ago', list((sample) => ({ ...worklist, until: sample.newest - 80 * DAY }))],
    [
      'failures: seen to, of one cause',
      list({ status: 'failed', acknowledged: true, cause: 'quota_exceeded' }),
    ],
    ['failures: of a cause that there is not', list({ ...worklist, cause: 'none' })],
    ['runs: pending', list({ status: 'pending' })],
    ['runs: expired', list({ status: 'expired' })],
    ['runs: success of one extension', list({ status: 'success', extension: 'remove-bg' })],
    ['runs: of one extension', list({ extension: 'ai-tasks' })],
    ['runs: of one hour', list(anHour)],
    [
      'runs: everything at once',
      list((sample) => ({
        ...worklist,
        ...lastDays(60)(sample),
        extension: 'ai-tasks',
        cause: 'model_overloaded',
        q: 'img_',
      })),
    ],
    ['search: a run', list(picked('runId'))],
    ['search: a submission', list(picked('submissionId'))],
    ['search: a file', list(picked('fileId'))],
    ['search: a whole name', list(picked('fileName'))],
    ['search: nothing', list({ q: 'there is no such thing' })],
    ['search: `invoice` (0.4 % of names)', list({ q: 'invoice' })],
    ['search: `banner` (1.6 %)', list({ q: 'banner' })],
    ['search: `banner`, a page in the middle', list({ q: 'banner' }, { isDeep: true })],
    ['search: `logo` (5 %)', list({ q: 'logo' })],
    ['search: `img` (60 %)', list({ q: 'img' })],
    ['search: `invoice`, failures', list({ ...worklist, q: 'invoice' })],
    ['search: `banner`, failures', list({ ...worklist, q: 'banner' })],
    ['search: `img`, failures', list({ ...worklist, q: 'img' })],
    ['search: `banner`, failures of one cause', list({ ...worklist, cause: 'quota_exceeded', q: 'banner' })],
    ['search: `banner`, of one hour', list((sample, round) => ({ ...anHour(sample, round), q: 'banner' }))],
    ['one run with its history', (sample, round) => sample.store.findRunHistory(sample.picked[round].runId)],
    [
      'one asset with its runs',
      (sample, round) =>
        sample.store.listAssetSubmissions(sample.picked[round].fileId, { limit: 50, before: null }),
    ],
    ['deliveries: all', deliveries({})],
    ['deliveries: a page in the middle', deliveries({}, true)],
    ['deliveries: applied', deliveries({ outcome: 'applied' })],
    ['deliveries: duplicate', deliveries({ outcome: 'duplicate' })],
    ['deliveries: ignored, a page in the middle', deliveries({ outcome: 'ignored' }, true)],
    ['deliveries: contradicted (none)', deliveries({ outcome: 'contradicted' })],
    ['deliveries: rejected (none)', deliveries({ outcome: 'rejected' })],
    ['deliveries: of a file', deliveries((sample, round) => ({ fileId: sample.picked[round].fileId }))],
    [
      'deliveries: of a file, applied',
      deliveries((sample, round) => ({ fileId: sample.picked[round].fileId, outcome: 'applied' })),
    ],
    ['one delivery with its body', (sample, round) => sample.store.findDelivery(sample.deliveryIds[round])],
    ['groups of runs', (sample) => sample.store.listRunGroups()],
    ['tallies of 24 hours', (sample) => sample.store.sumTallies(hourOf(sample) - 23, hourOf(sample) + 1)],
    [
      'tallies of 90 days',
      (sample) => sample.store.sumTallies(hourOf(sample) - 90 * 24 + 1, hourOf(sample) + 1),
    ],
    ['the oldest pending', (sample) => sample.store.findOldestPending()],
    ['stats of 24 hours', stats(DAY)],
    ['stats of 90 days', stats(90 * DAY)],
  ].map(([name, read]) => ({ name: String(name), read }))
}

function hourOf({ newest }) {
  return Math.floor(newest / 3_600_000)
}
