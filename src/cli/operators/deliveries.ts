import { Command, Option } from 'commander'
import type { z } from 'zod'
import { deliveryDetailSchema } from '../../contract/delivery.ts'
import { formatBytes } from '../../domain/quantities.ts'
import { type CommandContext, printLine, terminalWidth } from '../command-context.ts'
import { formatPairs, formatTable, shortTime } from '../table.ts'
import { escapeForTerminal, stringifyForTerminal } from '../terminal-text.ts'
import { OPERATOR_HELP } from '../tracker-access.ts'
import { type CommandClient, createConfiguredClient, requestJson } from '../tracker-client.ts'
import { type ListedDelivery, limitOption, listDeliveries, MAX_LISTED } from './list-pages.ts'
import { findNew, pollUntilStopped } from './watch.ts'

type DeliveryDetail = z.infer<typeof deliveryDetailSchema>
type DeliveriesOptions = { outcome?: string; fileId?: string; limit: number; watch?: true; json?: true }

const OUTCOMES = ['applied', 'duplicate', 'contradicted', 'ignored', 'rejected']

export function deliveriesCommand(context: CommandContext): Command {
  const command = new Command('deliveries')
    .description('Lists the received webhooks, including rejected ones, newest first, or shows one.')
    .addOption(new Option('--outcome <OUTCOME>', 'only with this outcome').choices(OUTCOMES))
    .option('--file-id <FILE_ID>', 'only for the file with this fileId')
    .addOption(limitOption(50, MAX_LISTED))
    .option('--watch', 'keep running and show new ones')
    .option('--json', "print the service's JSON, one object per line")
    .addHelpText('after', DELIVERIES_HELP)
    .action(async ({ outcome, fileId, limit, watch, json }: DeliveriesOptions) => {
      const client = createConfiguredClient(context)
      const query = { ...(outcome !== undefined && { outcome }), ...(fileId !== undefined && { fileId }) }
      // With --watch, deliveries beyond the limit are requested too, so that they don't count as new later.
      const page = await listDeliveries(client, query, watch ? MAX_LISTED : limit)
      const deliveries = page.deliveries.slice(0, limit)
      const hasMore = page.nextCursor !== null || deliveries.length < page.deliveries.length
      const show = (shown: ListedDelivery[], nextCursor: string | null) =>
        printLine(
          context.stdout,
          json ? stringifyForTerminal({ deliveries: shown, nextCursor }) : formatDeliveries(shown, context),
        )
      // The service's cursor continues after the last requested delivery, so it doesn't fit a list that was cut off at the limit.
      if (deliveries.length > 0 || json)
        show(deliveries, deliveries.length < page.deliveries.length ? null : page.nextCursor)
      else printLine(context.stdout, 'No deliveries.')
      if (hasMore && !json)
        printLine(context.stderr, `Only the newest ${deliveries.length} are shown; use --limit to show more.`)
      if (watch)
        await watchDeliveries(context, client, { query, listed: page.deliveries }, (added) =>
          show(added, null),
        )
    })
  command
    .command('show')
    .description('Shows a webhook with its body and the stored headers.')
    .argument('<DELIVERY_ID>', 'the id that deliveries prints')
    .option('--json', "print the service's JSON")
    .action(async (deliveryId: string, { json }: { json?: true }) => {
      const path = `/deliveries/${encodeURIComponent(deliveryId)}`
      const delivery = await requestJson(createConfiguredClient(context), { path }, deliveryDetailSchema)
      printLine(context.stdout, json ? stringifyForTerminal(delivery) : formatDelivery(delivery))
    })
  return command
}

const DELIVERIES_HELP = `
Examples:
  extension-tracker deliveries --outcome rejected
  extension-tracker deliveries --file-id 598821f949c0a938d57563bd --json
  extension-tracker deliveries --watch
  extension-tracker deliveries show dlv_14_AbCdEfGhIjk
${OPERATOR_HELP}
Use replay to apply deliveries again.`

function formatDeliveries(deliveries: readonly ListedDelivery[], { stdout }: CommandContext): string {
  return formatTable(
    [
      { title: 'DELIVERY', cell: ({ deliveryId }) => deliveryId },
      { title: 'RECEIVED', cell: ({ receivedAt }) => shortTime(receivedAt) },
      { title: 'ROUTE', cell: ({ route }) => route },
      { title: 'OUTCOME', cell: ({ outcome }) => outcome },
      { title: 'CAUSE', cell: ({ cause }) => cause },
      { title: 'SIGNATURE', cell: ({ signature }) => signature },
      { title: 'EXTENSION', cell: ({ service }) => service, isTruncatable: true },
      { title: 'FILE ID', cell: ({ fileId }) => fileId, isTruncatable: true },
    ],
    deliveries,
    terminalWidth(stdout),
  )
}

/** How many deliveries a poll requests first. Usually enough for those that arrive between two polls. */
const POLL_LIMIT = 200

/** Calls `onNew` with deliveries that are new to the list until the process is asked to stop. */
async function watchDeliveries(
  context: CommandContext,
  client: CommandClient,
  { query, listed }: { query: { [name: string]: string }; listed: readonly ListedDelivery[] },
  onNew: (deliveries: ListedDelivery[]) => void,
): Promise<void> {
  const seen = new Set(listed.map(({ deliveryId }) => deliveryId))
  const isSeen = ({ deliveryId }: ListedDelivery) => seen.has(deliveryId)
  await pollUntilStopped(context, async () => {
    let limit = POLL_LIMIT
    let { deliveries } = await listDeliveries(client, query, limit)
    if (deliveries.length === limit && !deliveries.some(isSeen)) {
      // All of them are new, so there may be more.
      limit = MAX_LISTED
      deliveries = (await listDeliveries(client, query, limit)).deliveries
    }
    const added = findNew(deliveries, seen, ({ deliveryId }) => deliveryId, limit)
    if (added.length > 0) onNew(added)
    for (const { deliveryId } of deliveries) seen.add(deliveryId)
  })
}

function formatDelivery(delivery: DeliveryDetail): string {
  const { deliveryId, route, receivedAt, outcome, cause, signature, service, fileId, runId, bytes } = delivery
  const pairs: [string, string | null][] = [
    ['delivery', deliveryId],
    ['received', shortTime(receivedAt)],
    ['route', route],
    ['outcome', outcome],
    ['cause', cause],
    ['signature', signature],
    ['extension', service],
    ['fileId', fileId],
    ['run', runId],
    ['size', formatBytes(bytes)],
  ]
  const headers = Object.entries(delivery.headers ?? {})
  const body = delivery.body?.split('\n').map(escapeForTerminal).join('\n')
  return [
    formatPairs(pairs.flatMap(([name, value]) => (value ? [[name, value] as const] : []))),
    ...(headers.length > 0
      ? [formatPairs(headers.map(([name, value]) => [`${escapeForTerminal(name)}:`, value]))]
      : []),
    body ?? 'The headers and the body are deleted: they are older than RETENTION.',
  ].join('\n\n')
}
