import { Command } from 'commander'
import { z } from 'zod'
import { askTracker } from './ask-tracker.ts'
import { type CommandContext, printLine } from './command-context.ts'
import { inertJson, inertText } from './terminal-text.ts'
import { parseTrackerAccess } from './tracker-access.ts'
import { createTrackerClient } from './tracker-client.ts'

const reportSchema = z.looseObject({
  runs: z.array(
    z.looseObject({
      runId: z.string(),
      fileId: z.string().nullable(),
      extension: z.string(),
      finding: z.string(),
      why: z.string(),
    }),
  ),
  stoppedBy: z.string().nullable(),
})

export function reconcileCommand(context: CommandContext): Command {
  return new Command('reconcile')
    .description(
      'Looks at ImageKit for what no webhook told of runs that are overdue. Needs TRACKER_ADMIN_KEY.',
    )
    .option('--dry-run', 'only tell what would be done with the first 1,000 of them, and why')
    .option('--json', "print the service's JSON")
    .action(async (options: { dryRun?: true; json?: true }) => {
      const client = createTrackerClient(parseTrackerAccess(context.env, context.readText))
      const body = { dryRun: options.dryRun ?? false }
      const report = await askTracker(client, { method: 'POST', path: '/reconcile', body }, reportSchema)
      if (options.json) return printLine(context.stdout, inertJson(report))
      for (const run of report.runs)
        printLine(
          context.stdout,
          inertText(`${run.finding}  ${run.extension}  ${run.fileId ?? '-'}  ${run.runId}  ${run.why}`),
        )
      if (report.runs.length === 0 && report.stoppedBy === null)
        printLine(context.stdout, 'Nothing is overdue.')
      if (report.stoppedBy !== null) {
        printLine(context.stderr, `The rest was not looked at: ${report.stoppedBy}`)
        context.exitCode = 1
      }
    })
}
