import { Command, InvalidArgumentError, Option } from 'commander'
import type { z } from 'zod'
import { type countsByStatusSchema, statsSchema } from '../../contract/stats.ts'
import { formatDuration, parseDurationMs, positive } from '../../domain/quantities.ts'
import { type CommandContext, printLine, terminalWidth } from '../command-context.ts'
import { type Column, formatPairs, formatTable, shortTime } from '../table.ts'
import { createPaint, type Paint, stringifyForTerminal } from '../terminal-text.ts'
import { OPERATOR_HELP } from '../tracker-access.ts'
import { createConfiguredClient, requestJson } from '../tracker-client.ts'

type Stats = z.infer<typeof statsSchema>

export function statsCommand(context: CommandContext): Command {
  return new Command('stats')
    .description('Counts the runs that are pending now, and those that settled or expired in a time window.')
    .addOption(
      new Option('--window <DURATION>', 'length of the time window, rounded up to whole hours; at most 90d')
        .default('24h')
        .argParser(parseWindow),
    )
    .option('--json', "print the service's JSON, including counts by hour")
    .addHelpText('after', STATS_HELP)
    .action(async ({ window, json }: { window: string; json?: true }) => {
      const client = createConfiguredClient(context)
      const path = `/stats?window=${encodeURIComponent(window)}`
      const stats = await requestJson(client, { path }, statsSchema)
      const { stdout } = context
      printLine(
        stdout,
        json ? stringifyForTerminal(stats) : formatStats(stats, createPaint(context), terminalWidth(stdout)),
      )
    })
}

const STATS_HELP = `
Examples:
  extension-tracker stats
  extension-tracker stats --window 7d --json | jq .causes
${OPERATOR_HELP}`

function parseWindow(text: string): string {
  if (positive(parseDurationMs)(text) === undefined)
    throw new InvalidArgumentError('It must be a duration such as 24h or 7d.')
  return text
}

function formatStats(stats: Stats, paint: Paint, width: number | undefined): string {
  const { byStatus, byExtension, causes, oldestPendingAt, settleSeconds } = stats
  const countColumn = (status: 'pending' | 'success' | 'failed' | 'expired'): Column<[string, Counts]> => ({
    title: status.toUpperCase(),
    align: 'right',
    cell: ([, counts]) => counts[status],
    paint: (text, [, counts]) => (counts[status] > 0 ? paint(status, text) : text),
  })
  const countTable = formatTable<[string, Counts]>(
    [
      { title: 'EXTENSION', cell: ([name]) => name },
      countColumn('pending'),
      countColumn('success'),
      countColumn('failed'),
      countColumn('expired'),
    ],
    [...Object.entries(byExtension), ['total', byStatus]],
  )
  const times = formatPairs([
    ['oldest pending', oldestPendingAt === null ? 'none' : formatTimeAndAge(oldestPendingAt)],
    [
      'time to settle',
      settleSeconds.p50 === null
        ? 'no settled runs'
        : `median ${settleSeconds.p50} s, p95 ${settleSeconds.p95} s`,
    ],
  ])
  const sections = [`Last ${stats.window}; pending counts are current.`, countTable, times]
  if (causes.length > 0)
    sections.push(
      formatTable(
        [
          { title: 'FAILED', align: 'right', cell: (row) => row.count },
          { title: 'EXTENSION', cell: (row) => row.extension },
          { title: 'CAUSE', cell: (row) => row.cause, isTruncatable: true },
        ],
        causes,
        width,
      ),
    )
  return sections.join('\n\n')
}

type Counts = z.infer<typeof countsByStatusSchema>

function formatTimeAndAge(at: string): string {
  return `${shortTime(at)}, ${formatDuration(Date.now() - Date.parse(at))} ago`
}
