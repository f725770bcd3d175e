import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseInteger } from '../../domain/quantities.ts'
import { parseTimeOption } from '../time-text.ts'

export type RunFilterOptions = {
  status?: string
  extension?: string
  cause?: string
  since?: string
  until?: string
  q?: string
  acknowledged?: true
  all?: true
  limit: number
}

/** Which runs are meant: as the service's own filter, but that of failures those are meant that nobody has seen to. */
export type ChosenRuns = { [name in 'status' | 'extension' | 'cause' | 'since' | 'until' | 'q']?: string } & {
  acknowledged?: boolean
}

/** The same options wherever runs are chosen, so that what was listed can be asked for again. */
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
    .option('--extension <NAME>', 'of this extension')
    .option('--cause <CAUSE>', 'that failed for this cause, as stats and failures name it')
    .addOption(
      new Option(
        '--since <TIME>',
        'requested at this time (UTC) or later: 2026-11-24 18:00:00Z, or 24h ago: 24h',
      ).argParser(parseTimeOption),
    )
    .addOption(new Option('--until <TIME>', 'requested before this time').argParser(parseTimeOption))
    .option('--q <TEXT>', 'the id of a file, a run or a submission, or how a file name begins')
    .addOption(new Option('--acknowledged', 'only those that an operator has seen to').conflicts('all'))
    .option('--all', 'also those that an operator has seen to')
    .addOption(
      new Option('--limit <N>', `at most so many, the newest first (up to ${maxLimit})`)
        .default(limit)
        .argParser((text) => parseLimit(text, maxLimit)),
    )
}

export function chosenRuns(options: RunFilterOptions): ChosenRuns {
  const { status = 'failed', extension, cause, since, until, q, acknowledged = false, all } = options
  return {
    status,
    ...(extension !== undefined && { extension }),
    ...(cause !== undefined && { cause }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(q !== undefined && { q }),
    ...(!all && { acknowledged }),
  }
}

export function parseLimit(text: string, max: number): number {
  const limit = parseInteger(text)
  if (limit !== undefined && limit >= 1 && limit <= max) return limit
  throw new InvalidArgumentError(`It should be a whole number from 1 to ${max}.`)
}

/** Repeated in the help of each command that asks as an operator. */
export const OPERATOR_HELP = `
TRACKER_URL (else PUBLIC_URL, else HOST and PORT) says where the service is; TRACKER_ADMIN_KEY holds the key.`
