import { Command } from 'commander'
import type { CommandContext } from '../command-context.ts'
import { CommandError } from '../command-error.ts'
import { parseTrackerAccess } from '../tracker-access.ts'
import { createTrackerClient } from '../tracker-client.ts'
import { retryMany } from './retry-many.ts'
import { retryOne } from './retry-one.ts'
import type { RetryOptions } from './retry-options.ts'
import {
  addRunFilterOptions,
  OPERATOR_HELP,
  type RunFilterOptions,
  toRunFilter,
} from './run-filter-options.ts'

const STATUSES = ['failed', 'expired', 'success']

export function retryCommand(context: CommandContext): Command {
  const command = new Command('retry')
    .description(
      'Retries one run, or all runs that match a filter, with the original options of the extension.',
    )
    .argument('[RUN_ID]', 'the id that failures prints; without it, a filter with --status is required')
  return addRunFilterOptions(command, {
    statuses: STATUSES,
    withoutStatus: 'required without RUN_ID',
    limit: 100,
    maxLimit: 1000,
  })
    .option('--dry-run', 'only print how many runs match and what they cost')
    .option('--reason <TEXT>', 'saved to the audit log')
    .option('--wait', 'wait until each new run has its final status')
    .option('--json', "print the service's JSON")
    .addHelpText('after', RETRY_HELP)
    .action(async (runId: string | undefined, options: RunFilterOptions & RetryOptions) => {
      const hasFilter = FILTERS.some((name) => command.getOptionValueSource(name) === 'cli')
      if (runId !== undefined && hasFilter)
        throw new CommandError('Give RUN_ID or filter options such as --status, not both.', 2)
      if (runId === undefined && options.status === undefined)
        throw new CommandError('Give RUN_ID, or a filter such as --status failed; see retry --help.', 2)
      const client = createTrackerClient(parseTrackerAccess(context.env, context.readText))
      if (runId !== undefined) return retryOne(context, client, runId, options)
      return retryMany(context, client, { ...toRunFilter(options), limit: options.limit }, options)
    })
}

const FILTERS = ['status', 'extension', 'cause', 'since', 'until', 'search', 'acknowledged', 'all', 'limit']

const RETRY_HELP = `
Examples:
  extension-tracker retry run_12_AbCdEfGhIjk --wait
  extension-tracker retry --status failed --extension remove-bg --since 24h --dry-run
  extension-tracker retry --status failed --cause "Rate limit" --limit 500 --reason "quota was raised"
${OPERATOR_HELP}
RUN_ID, or a filter with --status, is required. A filter matches the same runs as in failures. With a filter, the service
retries the runs one after another, and continues if this command is stopped. The exit code is 1 if a run was not accepted or,
with --wait, did not succeed.`
