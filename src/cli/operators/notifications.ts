import { Command, Option } from 'commander'
import { notificationSchema, resendReportSchema } from '../../contract/notification.ts'
import { type CommandContext, printLine, terminalWidth } from '../command-context.ts'
import { CommandError } from '../command-error.ts'
import { formatPairs, formatTable, shortTime } from '../table.ts'
import { escapeForTerminal, stringifyForTerminal } from '../terminal-text.ts'
import { OPERATOR_HELP } from '../tracker-access.ts'
import { createConfiguredClient, requestJson } from '../tracker-client.ts'
import { type ListedNotification, limitOption, listNotifications, MAX_LISTED } from './list-pages.ts'

type FilterOptions = { state?: string; fileId?: string }

const STATES = ['waiting', 'delivered', 'given_up']

export function notificationsCommand(context: CommandContext): Command {
  const command = new Command('notifications')
    .description('Lists the notifications to callers, newest first, shows one, or sends them again.')
    .addHelpText('after', NOTIFICATIONS_HELP)
  addFilterOptions(command)
    .addOption(limitOption(50, MAX_LISTED))
    .option('--json', "print the service's JSON")
    .action(async ({ limit, json, ...options }: FilterOptions & { limit: number; json?: true }) => {
      const page = await listNotifications(createConfiguredClient(context), toFilter(options), limit)
      if (json) return printLine(context.stdout, stringifyForTerminal(page))
      const { notifications, nextCursor } = page
      printLine(
        context.stdout,
        notifications.length === 0
          ? 'No notifications.'
          : formatNotifications(notifications, terminalWidth(context.stdout)),
      )
      if (nextCursor !== null)
        printLine(
          context.stderr,
          `Only the newest ${notifications.length} are shown; use --limit to show more.`,
        )
    })
  command
    .command('show')
    .description('Shows a notification with its latest attempts.')
    .argument('<NOTIFICATION_ID>', 'the id of a notification, from the command "notifications"')
    .option('--json', "print the service's JSON")
    .action(async (notificationId: string, { json }: { json?: true }) => {
      const path = `/notifications/${encodeURIComponent(notificationId)}`
      const notification = await requestJson(createConfiguredClient(context), { path }, notificationSchema)
      printLine(
        context.stdout,
        json
          ? stringifyForTerminal(notification)
          : formatNotification(notification, terminalWidth(context.stdout)),
      )
    })
  const resend = command
    .command('resend')
    .description(
      'Sends one notification again, or all that match a filter, with the same ids. A body that is not stored any more is built ' +
        'again, and may have fewer fields.',
    )
    .argument(
      '[NOTIFICATION_ID]',
      'the id of a notification, from the command "notifications"; without it, a filter is required',
    )
  addFilterOptions(resend)
    .option('--reason <TEXT>', 'saved to the audit log')
    .option('--json', "print the service's JSON")
    .action(async (notificationId: string | undefined, { reason, json, ...options }: ResendOptions) => {
      const filter = toFilter(options)
      const hasFilter = Object.keys(filter).length > 0
      if (notificationId !== undefined && hasFilter)
        throw new CommandError('Give NOTIFICATION_ID or filter options such as --state, not both.', 2)
      if (notificationId === undefined && !hasFilter)
        throw new CommandError('Give NOTIFICATION_ID, or a filter such as --state given_up.', 2)
      const client = createConfiguredClient(context)
      const print = (text: string, response: object) =>
        printLine(context.stdout, json ? stringifyForTerminal(response) : text)
      const reasonField = reason === undefined ? {} : { reason }
      if (notificationId !== undefined) {
        const path = `/notifications/${encodeURIComponent(notificationId)}/resend`
        const resent = await requestJson(
          client,
          { method: 'POST', path, body: reasonField },
          notificationSchema,
        )
        return print(`Sending ${resent.notificationId} to ${escapeForTerminal(resent.host)} again.`, resent)
      }
      const body = { ...filter, ...reasonField }
      const report = await requestJson(
        client,
        { method: 'POST', path: '/notifications/resend', body },
        resendReportSchema,
      )
      const { total } = report
      print(
        total === 0
          ? 'No notifications.'
          : `Sending ${total} ${total === 1 ? 'notification' : 'notifications'} again.`,
        report,
      )
    })
  return command
}

type ResendOptions = FilterOptions & { reason?: string; json?: true }

const NOTIFICATIONS_HELP = `
Examples:
  extension-tracker notifications --state given_up
  extension-tracker notifications show msg_run_12_AbCdEfGhIjk
  extension-tracker notifications resend msg_run_12_AbCdEfGhIjk
  extension-tracker notifications resend --state given_up --reason "the receiver is back"
${OPERATOR_HELP}
When a webhook or evidence settles a run, a notification is POSTed to the caller's webhookUrl, if the caller gave one.
The service stores the latest 20 attempts of each notification: the list counts no more, and "notifications show" prints these.
"notifications resend" returns before anything is sent; "notifications show" prints the result of each attempt.`

function addFilterOptions(command: Command): Command {
  return command
    .addOption(new Option('--state <STATE>', 'only notifications in this state').choices(STATES))
    .option('--file-id <FILE_ID>', 'only notifications about the file with this fileId')
}

function toFilter({ state, fileId }: FilterOptions): { state?: string; fileId?: string } {
  return { ...(state !== undefined && { state }), ...(fileId !== undefined && { fileId }) }
}

function formatNotifications(
  notifications: readonly ListedNotification[],
  width: number | undefined,
): string {
  return formatTable(
    [
      { title: 'NOTIFICATION', cell: ({ notificationId }) => notificationId },
      { title: 'CREATED', cell: ({ createdAt }) => shortTime(createdAt) },
      { title: 'STATE', cell: ({ state }) => state },
      { title: 'ATTEMPTS', align: 'right', cell: ({ attempts }) => attempts.length },
      { title: 'HOST', cell: ({ host }) => host, isTruncatable: true },
      { title: 'FILE ID', cell: ({ fileId }) => fileId, isTruncatable: true },
      { title: 'LAST REASON', cell: ({ attempts }) => attempts.at(-1)?.reason ?? null, isTruncatable: true },
    ],
    notifications,
    width,
  )
}

function formatNotification(notification: ListedNotification, width: number | undefined): string {
  const { notificationId, state, runId, fileId, host, createdAt, nextAttemptAt, attempts } = notification
  const pairs: [string, string | null][] = [
    ['notification', notificationId],
    ['state', state],
    ['run', runId],
    ['fileId', fileId],
    ['host', host],
    ['created', shortTime(createdAt)],
    ['next attempt', shortTime(nextAttemptAt)],
  ]
  const sections = [formatPairs(pairs.flatMap(([name, value]) => (value ? [[name, value] as const] : [])))]
  if (attempts.length > 0)
    sections.push(
      formatTable(
        [
          { title: 'AT', cell: ({ at }) => shortTime(at) },
          { title: 'RESULT', cell: ({ result }) => result },
          { title: 'STATUS', align: 'right', cell: ({ status }) => status },
          { title: 'REASON', cell: ({ reason }) => reason, isTruncatable: true },
        ],
        attempts,
        width,
      ),
    )
  return sections.join('\n\n')
}
