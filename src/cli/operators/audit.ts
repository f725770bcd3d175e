import { Command } from 'commander'
import type { z } from 'zod'
import { auditListSchema } from '../../contract/audit.ts'
import { type CommandContext, printLine, terminalWidth } from '../command-context.ts'
import { formatTable, shortTime } from '../table.ts'
import { stringifyForTerminal } from '../terminal-text.ts'
import { OPERATOR_HELP } from '../tracker-access.ts'
import { createConfiguredClient } from '../tracker-client.ts'
import { limitOption, listAuditEntries, MAX_LISTED } from './list-pages.ts'

type AuditEntry = z.infer<typeof auditListSchema>['entries'][number]

export function auditCommand(context: CommandContext): Command {
  return new Command('audit')
    .description('Lists the actions of operators, newest first.')
    .addOption(limitOption(50, MAX_LISTED))
    .option('--json', "print the service's JSON")
    .addHelpText('after', AUDIT_HELP)
    .action(async ({ limit, json }: { limit: number; json?: true }) => {
      const page = await listAuditEntries(createConfiguredClient(context), limit)
      if (json) return printLine(context.stdout, stringifyForTerminal(page))
      const { entries, nextCursor } = page
      printLine(
        context.stdout,
        entries.length === 0 ? 'No entries.' : formatEntries(entries, terminalWidth(context.stdout)),
      )
      if (nextCursor !== null)
        printLine(context.stderr, `Only the newest ${entries.length} are shown; use --limit to show more.`)
    })
}

const AUDIT_HELP = `
Examples:
  extension-tracker audit
  extension-tracker audit --limit 200 --json
${OPERATOR_HELP}`

function formatEntries(entries: readonly AuditEntry[], width: number | undefined): string {
  return formatTable(
    [
      { title: 'AT', cell: ({ at }) => shortTime(at) },
      { title: 'OPERATOR', cell: ({ actor }) => actor },
      { title: 'ACTION', cell: ({ kind }) => kind },
      { title: 'SUBJECT', cell: ({ subject }) => subject },
      { title: 'REASON', cell: ({ reason }) => reason, isTruncatable: true },
    ],
    entries,
    width,
  )
}
