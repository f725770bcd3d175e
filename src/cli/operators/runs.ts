import { Command } from 'commander'
import type { z } from 'zod'
import { listedRunSchema } from '../../contract/run.ts'
import { runDetailSchema } from '../../contract/run-detail.ts'
import { formatError } from '../asset-status.ts'
import { type CommandContext, printLine, terminalWidth } from '../command-context.ts'
import { formatPairs, formatTable, shortTime } from '../table.ts'
import { stringifyForTerminal } from '../terminal-text.ts'
import { OPERATOR_HELP } from '../tracker-access.ts'
import { createConfiguredClient, requestJson } from '../tracker-client.ts'

type RunDetail = z.infer<typeof runDetailSchema>
type TimelineEvent = RunDetail['timeline'][number]

export function runsCommand(context: CommandContext): Command {
  const command = new Command('runs')
    .description(
      'Shows a run, acknowledges it, or revokes its acknowledgement. To list runs, use the command "failures".',
    )
    .addHelpText('after', RUNS_HELP)
  command
    .command('show')
    .description('Shows a run, its timeline and its webhooks.')
    .argument('<RUN_ID>', 'the id of a run, from the command "failures"')
    .option('--json', "print the service's JSON")
    .action(async (runId: string, { json }: { json?: true }) => {
      const detail = await requestJson(
        createConfiguredClient(context),
        { path: `/runs/${encodeURIComponent(runId)}` },
        runDetailSchema,
      )
      printLine(
        context.stdout,
        json ? stringifyForTerminal(detail) : formatRun(detail, terminalWidth(context.stdout)),
      )
    })
  command
    .command('acknowledge')
    .description('Acknowledges a run: it keeps its status and leaves the list of failures.')
    .argument('<RUN_ID>', 'the id of a run, from the command "failures"')
    .option('--note <TEXT>', 'saved to the audit log')
    .option('--json', "print the service's JSON")
    .action(async (runId: string, { note, json }: { note?: string; json?: true }) => {
      const path = `/runs/${encodeURIComponent(runId)}/acknowledge`
      const body = note === undefined ? {} : { note }
      const run = await requestJson(
        createConfiguredClient(context),
        { method: 'POST', path, body },
        listedRunSchema,
      )
      printLine(context.stdout, json ? stringifyForTerminal(run) : `Acknowledged ${run.runId}.`)
    })
  command
    .command('unacknowledge')
    .description('Revokes the acknowledgement of a run: a failed run returns to the list of failures.')
    .argument('<RUN_ID>', 'the id of a run, from the command "failures --acknowledged"')
    .option('--reason <TEXT>', 'saved to the audit log')
    .option('--json', "print the service's JSON")
    .action(async (runId: string, { reason, json }: { reason?: string; json?: true }) => {
      const path = `/runs/${encodeURIComponent(runId)}/unacknowledge`
      const body = reason === undefined ? {} : { reason }
      const run = await requestJson(
        createConfiguredClient(context),
        { method: 'POST', path, body },
        listedRunSchema,
      )
      printLine(
        context.stdout,
        json ? stringifyForTerminal(run) : `Revoked the acknowledgement of ${run.runId}.`,
      )
    })
  return command
}

const RUNS_HELP = `
Examples:
  extension-tracker runs show run_12_AbCdEfGhIjk
  extension-tracker runs acknowledge run_12_AbCdEfGhIjk --note "the product photo was replaced"
  extension-tracker runs unacknowledge run_12_AbCdEfGhIjk --reason "the wrong run"
${OPERATOR_HELP}`

function formatRun({ run, submission, deliveries, timeline }: RunDetail, width: number | undefined): string {
  const pairs: [string, string | null][] = [
    ['run', run.runId],
    ['extension', run.name],
    ['status', `${run.status} (source: ${run.source})`],
    ['error', formatError(run.error)],
    ['attempt', String(run.attempt)],
    ['file', run.fileName],
    ['fileId', run.fileId],
    ['submission', `${submission.submissionId} (${submission.kind}, ${submission.state})`],
    ['requested', shortTime(run.requestedAt)],
    ['settled', shortTime(run.settledAt)],
    ['acknowledged', shortTime(run.acknowledgedAt)],
    ['current run', run.currentRunId],
  ]
  const sections = [
    formatPairs(pairs.flatMap(([name, value]) => (value ? [[name, value] as const] : []))),
    formatTable(
      [
        { title: 'AT', cell: ({ at }) => shortTime(at) },
        { title: 'EVENT', cell: ({ what }) => what },
        { title: 'DETAILS', cell: describeEvent, isTruncatable: true },
      ],
      timeline,
      width,
    ),
  ]
  if (deliveries.length > 0)
    sections.push(
      formatTable(
        [
          { title: 'DELIVERY', cell: ({ deliveryId }) => deliveryId },
          { title: 'RECEIVED', cell: ({ receivedAt }) => shortTime(receivedAt) },
          { title: 'OUTCOME', cell: ({ outcome }) => outcome },
          { title: 'CAUSE', cell: ({ cause }) => cause },
          { title: 'SIGNATURE', cell: ({ signature }) => signature },
        ],
        deliveries,
        width,
      ),
    )
  return sections.join('\n\n')
}

function describeEvent(event: TimelineEvent): string {
  switch (event.what) {
    case 'requested':
      return joinParts(`attempt ${event.attempt} (${event.kind})`, event.by && `by ${event.by}`)
    case 'responded':
      return joinParts(event.state, event.error?.message)
    case 'delivery':
      return joinParts(`${event.deliveryId} ${event.outcome}`, event.cause)
    case 'settled':
      return joinParts(`${event.status} (${event.source})`, formatError(event.error))
    case 'expired':
      return event.reason ?? ''
    case 'notified':
      return joinParts(`attempt ${event.attempt}`, event.result, event.reason)
    default:
      return joinParts(`by ${event.by}`, event.reason)
  }
}

function joinParts(...parts: (string | null | undefined)[]): string {
  return parts.filter((part) => part).join(', ')
}
