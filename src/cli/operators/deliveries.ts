import { Command, Option } from 'commander'
import { type CommandContext, printLine, terminalWidth } from '../command-context.ts'
import { formatTable, shortTime } from '../table.ts'
import { stringifyForTerminal } from '../terminal-text.ts'
import { OPERATOR_HELP } from '../tracker-access.ts'
import { createConfiguredClient } from '../tracker-client.ts'
import { type ListedDelivery, limitOption, listDeliveries, MAX_LISTED } from './list-pages.ts'

type DeliveriesOptions = { outcome?: string; fileId?: string; limit: number; json?: true }

const OUTCOMES = ['applied', 'duplicate', 'contradicted', 'ignored', 'rejected']

export function deliveriesCommand(context: CommandContext): Command {
  return new Command('deliveries')
    .description('Lists the received webhooks, including rejected ones, newest first.')
    .addOption(new Option('--outcome <OUTCOME>', 'only with this outcome').choices(OUTCOMES))
    .option('--file-id <FILE_ID>', "only for this fileId of ImageKit's")
    .addOption(limitOption(50, MAX_LISTED))
    .option('--json', "print the service's JSON")
    .addHelpText('after', DELIVERIES_HELP)
    .action(async ({ outcome, fileId, limit, json }: DeliveriesOptions) => {
      const client = createConfiguredClient(context)
      const query = { ...(outcome !== undefined && { outcome }), ...(fileId !== undefined && { fileId }) }
      const page = await listDeliveries(client, query, limit)
      if (json) return printLine(context.stdout, stringifyForTerminal(page))
      const { deliveries, nextCursor } = page
      printLine(
        context.stdout,
        deliveries.length === 0 ? 'No deliveries.' : formatDeliveries(deliveries, context),
      )
      if (nextCursor !== null)
        printLine(context.stderr, `Only the newest ${deliveries.length} are shown; use --limit to show more.`)
    })
}

const DELIVERIES_HELP = `
Examples:
  extension-tracker deliveries --outcome rejected
  extension-tracker deliveries --file-id 598821f949c0a938d57563bd --json
${OPERATOR_HELP}
GET /deliveries/DELIVERY_ID returns the contents of a delivery; replay re-applies it.`

function formatDeliveries(deliveries: readonly ListedDelivery[], { stdout }: CommandContext): string {
  return formatTable(
    [
      { title: 'DELIVERY', cell: ({ deliveryId }) => deliveryId },
      { title: 'RECEIVED', cell: ({ receivedAt }) => shortTime(receivedAt) },
      { title: 'ROUTE', cell: ({ route }) => route },
      { title: 'OUTCOME', cell: ({ outcome }) => outcome },
      { title: 'CAUSE', cell: ({ cause }) => cause },
      { title: 'SIGNATURE', cell: ({ signature }) => signature },
      { title: 'EXTENSION', cell: ({ service }) => service, isCut: true },
      { title: 'FILE ID', cell: ({ fileId }) => fileId, isCut: true },
    ],
    deliveries,
    terminalWidth(stdout),
  )
}
