import { Command } from 'commander'
import { z } from 'zod'
import { type CommandContext, printLine } from './command-context.ts'
import { parseTrackerAccess } from './tracker-access.ts'
import { createTrackerClient } from './tracker-client.ts'

const reportSchema = z.object({
  runs: z.array(
    z.object({
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
    .option('--dry-run', 'only tell what would be done with the first 100 of them, and why')
    .option('--json', "print the service's JSON")
    .action(async (options: { dryRun?: true; json?: true }) => {
      const client = createTrackerClient(parseTrackerAccess(context.env, context.readText))
      const answer = await client.send({
        method: 'POST',
        path: '/reconcile',
        headers: { 'content-type': 'application/json' },
        body: oneChunk(JSON.stringify({ dryRun: options.dryRun ?? false })),
      })
      if (answer.status !== 200) throw client.refusal(answer)
      const report = reportSchema.parse(JSON.parse(answer.text))
      if (options.json) return printLine(context.stdout, answer.text.trim())
      for (const run of report.runs)
        printLine(
          context.stdout,
          `${run.finding}  ${run.extension}  ${run.fileId ?? '-'}  ${run.runId}  ${run.why}`,
        )
      if (report.runs.length === 0 && report.stoppedBy === null)
        printLine(context.stdout, 'Nothing is overdue.')
      if (report.stoppedBy !== null) {
        printLine(context.stderr, `The rest was not looked at: ${report.stoppedBy}`)
        context.exitCode = 1
      }
    })
}

async function* oneChunk(text: string): AsyncGenerator<string, void> {
  yield text
}
