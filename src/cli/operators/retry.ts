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
  chosenRuns,
  OPERATOR_HELP,
  type RunFilterOptions,
} from './run-filter-options.ts'

const STATUSES = ['failed', 'expired', 'success']

export function retryCommand(context: CommandContext): Command {
  const command = new Command('retry')
    .description(
      'Asks ImageKit to run an extension again, with the same options: one run, or all that a filter chooses.',
    )
    .argument('[RUN_ID]', 'as failures lists it; without it, a filter with --status has to say which')
  return addRunFilterOptions(command, {
    statuses: STATUSES,
    withoutStatus: 'needed without RUN_ID',
    limit: 100,
    maxLimit: 1000,
  })
    .option('--dry-run', 'only tell how many runs there are, and what ImageKit takes for them')
    .option('--reason <TEXT>', 'kept with the act')
    .option('--wait', 'wait until each new run has its final status')
    .option('--json', "print the service's JSON")
    .addHelpText('after', RETRY_HELP)
    .action(async (runId: string | undefined, options: RunFilterOptions & RetryOptions) => {
      const isChosen = FILTERS.some((name) => command.getOptionValueSource(name) === 'cli')
      if (runId !== undefined && isChosen)
        throw new CommandError('Name a run, or choose some with --status and the like; not both.', 2)
      if (runId === undefined && options.status === undefined)
        throw new CommandError('Name the run, or say which with --status failed; see retry --help.', 2)
      const client = createTrackerClient(parseTrackerAccess(context.env, context.readText))
      if (runId !== undefined) return retryOne(context, client, runId, options)
      return retryMany(context, client, { ...chosenRuns(options), limit: options.limit }, options)
    })
}

const FILTERS = ['status', 'extension', 'cause', 'since', 'until', 'q', 'acknowledged', 'all', 'limit']

const RETRY_HELP = `
Examples:
  extension-tracker retry run_12_AbCdEfGhIjk --wait
  extension-tracker retry --status failed --extension remove-bg --since 24h --dry-run
  extension-tracker retry --status failed --cause "Rate limit" --limit 500 --reason "quota was raised"
${OPERATOR_HELP}
Name a run, or a filter with --status: nothing is asked for again without one. The same filter chooses the same runs as in
failures. Many runs are asked for one after another, by the service: it goes on where this command is ended. Exit code 1 if
some run was not accepted or, with --wait, did not succeed.`
