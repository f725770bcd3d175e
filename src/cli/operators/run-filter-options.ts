import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseInteger } from '../../domain/quantities.ts'
import { parseTimeOption } from '../time-text.ts'

export type RunFilterOptions = {
  status?: string
  extension?: string
  cause?: string
  since?: string
  until?: string
  search?: string
  acknowledged?: true
  all?: true
  limit: number
}

/** The filter of the service's `/runs`. By default it matches the failed runs that are not acknowledged. */
export type RunFilter = { [name in 'status' | 'extension' | 'cause' | 'since' | 'until' | 'q']?: string } & {
  acknowledged?: boolean
}

/** Adds the same filter options to each command, so that a listed set of runs can be retried. */
export function addRunFilterOptions(
  command: Command,
  {
    statuses,
    withoutStatus,
    limit,
    maxLimit,
  }: { statuses: readonly string[]; withoutStatus: string; limit: number; maxLimit: number },
): Command {
  return command
    .addOption(new Option('--status <STATUS>', `runs of this status (${withoutStatus})`).choices(statuses))
    .option('--extension <NAME>', 'runs of this extension')
    .option('--cause <CAUSE>', 'runs that failed with this cause, as stats and failures print it')
    .addOption(
      new Option(
        '--since <TIME>',
        'requested at this time (UTC) or later: 2026-11-24 18:00:00Z, or 24h ago: 24h',
      ).argParser(parseTimeOption),
    )
    .addOption(new Option('--until <TIME>', 'requested before this time').argParser(parseTimeOption))
    .option('--search <TEXT>', 'the id of a file, run or submission, or the beginning of a file name')
    .addOption(new Option('--acknowledged', 'acknowledged runs only').conflicts('all'))
    .option('--all', 'acknowledged runs too')
    .addOption(
      new Option('--limit <N>', `maximum number, newest first (up to ${maxLimit})`)
        .default(limit)
        .argParser((text) => parseLimit(text, maxLimit)),
    )
}

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

export function parseLimit(text: string, max: number): number {
  const limit = parseInteger(text)
  if (limit !== undefined && limit >= 1 && limit <= max) return limit
  throw new InvalidArgumentError(`It should be a whole number from 1 to ${max}.`)
}

/** Part of the help of each operator command. */
export const OPERATOR_HELP = `
TRACKER_URL (else PUBLIC_URL, else HOST and PORT) is the address of the service; TRACKER_ADMIN_KEY is the key.`
