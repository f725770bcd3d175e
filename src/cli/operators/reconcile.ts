import { Command } from 'commander'
import { reconcileReportSchema } from '../../contract/maintenance.ts'
import { type CommandContext, printLine } from '../command-context.ts'
import { escapeForTerminal, stringifyForTerminal } from '../terminal-text.ts'
import { OPERATOR_HELP } from '../tracker-access.ts'
import { createConfiguredClient, requestJson } from '../tracker-client.ts'

export function reconcileCommand(context: CommandContext): Command {
  return new Command('reconcile')
    .description("Compares overdue runs with ImageKit's file details and settles them by evidence.")
    .option('--dry-run', 'only print what would be done with the first 1,000 due runs, and why')
    .option('--json', "print the service's JSON")
    .addHelpText('after', RECONCILE_HELP)
    .action(async (options: { dryRun?: true; json?: true }) => {
      const client = createConfiguredClient(context)
      const body = { dryRun: options.dryRun ?? false }
      const report = await requestJson(
        client,
        { method: 'POST', path: '/reconcile', body },
        reconcileReportSchema,
      )
      if (options.json) return printLine(context.stdout, stringifyForTerminal(report))
      for (const run of report.runs)
        printLine(
          context.stdout,
          escapeForTerminal(
            `${run.finding}  ${run.extension}  ${run.fileId ?? '-'}  ${run.runId}  ${run.why}`,
          ),
        )
      if (report.runs.length === 0 && report.stoppedBy === null) printLine(context.stdout, 'No runs are due.')
      if (report.stoppedBy !== null) {
        printLine(context.stderr, `The remaining runs were not checked: ${report.stoppedBy}`)
        context.exitCode = 1
      }
    })
}

const RECONCILE_HELP = `
Examples:
  extension-tracker reconcile --dry-run
  extension-tracker reconcile --json | jq '.runs[].finding'
${OPERATOR_HELP}
An overdue run is due once every RECONCILE_EVERY. A run whose file has changed can be due earlier.
The exit code is 1 if the command stopped before all due runs were checked.`
