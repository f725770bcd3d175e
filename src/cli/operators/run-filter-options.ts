import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseDurationMs, parseTime } from '../../domain/quantities.ts'
import type { RunStatus } from '../../domain/run.ts'
import { limitOption } from './list-pages.ts'

export type RunFilterOptions = {
  status?: RunStatus
  extension?: string
  cause?: string
  since?: string
  until?: string
  search?: string
  acknowledged?: true
  all?: true
  limit: number
}

/** The fields of the service's filter for runs that the options set; `q` is the search text. */
export type RunFilter = { [name in 'extension' | 'cause' | 'since' | 'until' | 'q']?: string } & {
  status: RunStatus
  acknowledged?: boolean
}

/**
 * Adds the filter options that `failures` and `retry` share: the runs that `failures` lists with a `--status` other than `pending` can be
 * retried with the same filter options and `--limit`, whose default differs.
 */
export function addRunFilterOptions(
  command: Command,
  {
    statuses,
    statusNote,
    limit,
    maxLimit,
  }: { statuses: readonly string[]; statusNote: string; limit: number; maxLimit: number },
): Command {
  return command
    .addOption(new Option('--status <STATUS>', `runs of this status (${statusNote})`).choices(statuses))
    .option('--extension <NAME>', 'runs of this extension')
    .option(
      '--cause <CAUSE>',
      'runs that failed with this cause, as the commands "stats" and "failures" print it',
    )
    .addOption(
      timeOption(
        '--since <TIME>',
        'requested at or after this time: "2026-11-24 18:00:00Z", or 24h for 24 hours ago',
      ),
    )
    .addOption(timeOption('--until <TIME>', 'requested before this time'))
    .option('--search <TEXT>', 'the id of a file, run or submission, or the beginning of a file name')
    .addOption(new Option('--acknowledged', 'acknowledged runs only').conflicts('all'))
    .option('--all', 'acknowledged runs too')
    .addOption(limitOption(limit, maxLimit))
}

/** Without options, the filter matches the failed runs that are not acknowledged. */
export function toRunFilter(options: RunFilterOptions): RunFilter {
  const { status = 'failed', extension, cause, since, until, search, acknowledged = false, all } = options
  return {
    status,
    ...(extension !== undefined && { extension }),
    ...(cause !== undefined && { cause }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(search !== undefined && { q: search }),
    ...(!all && { acknowledged }),
  }
}

/** An option that takes a time or a duration before now. Its value is converted to RFC 3339. */
export function timeOption(flags: string, help: string): Option {
  return new Option(flags, help).argParser(parseTimeOption)
}

/** Parses a time such as `2026-11-24 18:00:00Z` or `2026-11-24` (in UTC), or a duration before now such as `24h`. Returns RFC 3339. */
function parseTimeOption(text: string): string {
  const agoMs = parseDurationMs(text)
  const at = agoMs === undefined ? (parseTime(text) ?? Number.NaN) : Date.now() - agoMs
  if (Number.isNaN(new Date(at).getTime()))
    throw new InvalidArgumentError(
      'It must be a time such as 2026-11-24T18:00:00Z, or a duration before now such as 24h.',
    )
  return new Date(at).toISOString()
}
