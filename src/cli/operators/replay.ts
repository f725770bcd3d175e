import { Command, Option } from 'commander'
import type { z } from 'zod'
import { deliveryCauseSchema, recordedDeliverySchema, replayReportSchema } from '../../contract/delivery.ts'
import { type CommandContext, printLine } from '../command-context.ts'
import { CommandError } from '../command-error.ts'
import { escapeForTerminal, stringifyForTerminal } from '../terminal-text.ts'
import { OPERATOR_HELP } from '../tracker-access.ts'
import { type CommandClient, createConfiguredClient, requestJson } from '../tracker-client.ts'
import { parseLimit } from './list-pages.ts'
import { timeOption } from './run-filter-options.ts'

type FilterOptions = { outcome?: string; cause?: string; since?: string; until?: string }
type ReplayOptions = FilterOptions & { limit?: number; dryRun?: true; reason?: string; json?: true }

/** The highest `--limit`. Without one, the service replays all that match. */
const MAX_REPLAYED = 1_000_000

export function replayCommand(context: CommandContext): Command {
  return new Command('replay')
    .description(
      'Re-applies one received webhook, or all rejected ones that match a filter. Fix the cause of a rejection first, ' +
        'such as a wrong secret.',
    )
    .argument(
      '[DELIVERY_ID]',
      'the id of a delivery, from the command "deliveries"; without it, a filter is required',
    )
    .addOption(
      new Option('--outcome <OUTCOME>', 'rejected webhooks, the only ones that a filter matches').choices([
        'rejected',
      ]),
    )
    .addOption(
      new Option('--cause <CAUSE>', 'rejected for this cause, as the command "deliveries" prints it').choices(
        deliveryCauseSchema.options,
      ),
    )
    .addOption(
      timeOption(
        '--since <TIME>',
        'received at or after this time: "2026-11-24 18:00:00Z", or 24h for 24 hours ago',
      ),
    )
    .addOption(timeOption('--until <TIME>', 'received before this time'))
    .addOption(
      new Option('--limit <N>', 'maximum number, oldest first (default: all)').argParser((text) =>
        parseLimit(text, MAX_REPLAYED),
      ),
    )
    .option('--dry-run', 'with a filter: only print what the outcomes would be')
    .option('--reason <TEXT>', 'saved to the audit log')
    .option('--json', "print the service's JSON")
    .addHelpText('after', REPLAY_HELP)
    .action(async (deliveryId: string | undefined, options: ReplayOptions) => {
      const { outcome, cause, since, until, limit, dryRun } = options
      const hasFilter = [outcome, cause, since, until].some((value) => value !== undefined)
      if (deliveryId !== undefined && (hasFilter || limit !== undefined || dryRun))
        throw new CommandError(
          'Give DELIVERY_ID or a filter such as --cause, not both; --limit and --dry-run need a filter.',
          2,
        )
      if (deliveryId === undefined && !hasFilter)
        throw new CommandError('Give DELIVERY_ID, or a filter such as --outcome rejected.', 2)
      const client = createConfiguredClient(context)
      if (deliveryId === undefined) return replayMany(context, client, options)
      return replayOne(context, client, deliveryId, options)
    })
}

const REPLAY_HELP = `
Examples:
  extension-tracker deliveries --outcome rejected
  extension-tracker replay dlv_14_AbCdEfGhIjk --reason "the secret was wrong"
  extension-tracker replay --cause forged_token --since 24h --dry-run
  extension-tracker replay --outcome rejected --reason "the secret was wrong"
${OPERATOR_HELP}
A filter matches rejected webhooks only. The exit code is 1 if a webhook is still rejected, except with --dry-run.`

async function replayOne(
  context: CommandContext,
  client: CommandClient,
  deliveryId: string,
  { reason, json }: ReplayOptions,
): Promise<void> {
  const path = `/deliveries/${encodeURIComponent(deliveryId)}/replay`
  const body = reason === undefined ? {} : { reason }
  const replayed = await requestJson(client, { method: 'POST', path, body }, recordedDeliverySchema)
  printLine(
    context.stdout,
    json ? stringifyForTerminal(replayed) : `${deliveryId}  ${escapeForTerminal(replayed.outcome)}`,
  )
}

async function replayMany(
  context: CommandContext,
  client: CommandClient,
  { json, ...options }: ReplayOptions,
): Promise<void> {
  const body = { ...options, outcome: 'rejected' }
  const report = await requestJson(
    client,
    { method: 'POST', path: '/deliveries/replay', body },
    replayReportSchema,
  )
  const text = formatReport(report, options.dryRun === true)
  printLine(context.stdout, json ? stringifyForTerminal(report) : text)
  if (!options.dryRun && report.byOutcome.rejected > 0) context.exitCode = 1
}

function formatReport({ total, byOutcome }: z.infer<typeof replayReportSchema>, isDryRun: boolean): string {
  if (total === 0) return 'No rejected webhooks.'
  const webhooks = total === 1 ? '1 webhook' : `${total} webhooks`
  const outcomes = Object.entries(byOutcome)
    .filter(([, count]) => count > 0)
    .map(([outcome, count]) => `${count} ${outcome}`)
  return `${isDryRun ? 'Would replay' : 'Replayed'} ${webhooks}: ${outcomes.join(', ')}.`
}
