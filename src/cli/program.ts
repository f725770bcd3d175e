import { Command, CommanderError } from 'commander'
import { findUnknownVariables } from '../config/ignored-variables.ts'
import { ConfigError } from '../config.ts'
import { DatabaseStartError, errorMessage } from '../domain/errors.ts'
import { MissingPackageError } from '../domain/missing-package.ts'
import { type CommandContext, printLine } from './command-context.ts'
import { CommandError, errorCode } from './command-error.ts'

type Entry = { name: string; summary: string; load: (context: CommandContext) => Promise<Command> }

// A command's modules are loaded only if its name is among the arguments: `--help` and `status` load no database or image library.
const COMMANDS: readonly Entry[] = [
  {
    name: 'serve',
    summary: 'run the service',
    load: async (context) => (await import('./serve.ts')).serveCommand(context),
  },
  {
    name: 'dev',
    summary: 'run the service and a local ImageKit together',
    load: async (context) => (await import('./dev.ts')).devCommand(context),
  },
  {
    name: 'demo',
    summary: 'try the service without an account or network',
    load: async (context) => (await import('./demo.ts')).demoCommand(context),
  },
  {
    name: 'sandbox',
    summary: 'run a local ImageKit for development and tests',
    load: async (context) => (await import('./sandbox.ts')).sandboxCommand(context),
  },
  {
    name: 'migrate',
    summary: 'bring the database up to date, or copy it to PostgreSQL',
    load: async (context) => (await import('./migrate.ts')).migrateCommand(context),
  },
  {
    name: 'upload',
    summary: 'upload a file through the service',
    load: async (context) => (await import('./upload.ts')).uploadCommand(context),
  },
  {
    name: 'status',
    summary: 'show the extension statuses of a file',
    load: async (context) => (await import('./status.ts')).statusCommand(context),
  },
  {
    name: 'open',
    summary: 'open the admin pages in the browser',
    load: async (context) => (await import('./open.ts')).openCommand(context),
  },
  {
    name: 'failures',
    summary: 'list failed runs that are not acknowledged',
    load: async (context) => (await import('./operators/failures.ts')).failuresCommand(context),
  },
  {
    name: 'runs',
    summary: 'show a run, acknowledge it, or revoke the acknowledgement',
    load: async (context) => (await import('./operators/runs.ts')).runsCommand(context),
  },
  {
    name: 'retry',
    summary: 'retry runs',
    load: async (context) => (await import('./operators/retry.ts')).retryCommand(context),
  },
  {
    name: 'deliveries',
    summary: 'list received webhooks',
    load: async (context) => (await import('./operators/deliveries.ts')).deliveriesCommand(context),
  },
  {
    name: 'replay',
    summary: 're-apply received webhooks',
    load: async (context) => (await import('./operators/replay.ts')).replayCommand(context),
  },
  {
    name: 'notifications',
    summary: 'list or resend notifications to callers',
    load: async (context) => (await import('./operators/notifications.ts')).notificationsCommand(context),
  },
  {
    name: 'stats',
    summary: 'show counts by status, extension and cause',
    load: async (context) => (await import('./operators/stats.ts')).statsCommand(context),
  },
  {
    name: 'reconcile',
    summary: 'settle overdue runs by evidence from ImageKit',
    load: async (context) => (await import('./operators/reconcile.ts')).reconcileCommand(context),
  },
  {
    name: 'audit',
    summary: 'list the actions of operators',
    load: async (context) => (await import('./operators/audit.ts')).auditCommand(context),
  },
  {
    name: 'forget',
    summary: 'delete what is stored about an asset',
    load: async (context) => (await import('./operators/forget.ts')).forgetCommand(context),
  },
  {
    name: 'backup',
    summary: 'write a consistent copy of the database',
    load: async (context) => (await import('./operators/backup.ts')).backupCommand(context),
  },
  {
    name: 'doctor',
    summary: 'check the setup and suggest fixes',
    load: async (context) => (await import('./operators/doctor.ts')).doctorCommand(context),
  },
]

/** Runs one command. Resolves with the exit code and never rejects. */
export async function runProgram(
  args: readonly string[],
  context: CommandContext,
  version: string,
): Promise<number> {
  try {
    const program = await createProgram(args, context, version)
    // `serve` logs these warnings itself, with those about the configuration.
    if (!args.includes('serve'))
      for (const warning of findUnknownVariables(context.env))
        printLine(context.stderr, `Warning: ${warning}`)
    await program.parseAsync(withoutSeparator(args), { from: 'user' })
    return context.exitCode
  } catch (error) {
    return reportError(error, context)
  }
}

/**
 * npx passes `--` on, where `npm run demo -- --exit` does not. The demo has no operands that `--` could precede, so both forms are
 * accepted.
 */
function withoutSeparator(args: readonly string[]): readonly string[] {
  return args[0] === 'demo' && args[1] === '--' ? args.toSpliced(1, 1) : args
}

async function createProgram(
  args: readonly string[],
  context: CommandContext,
  version: string,
): Promise<Command> {
  const program = new Command('extension-tracker')
    .description('Tracks the final status of ImageKit extensions.')
    .version(version)
    .exitOverride()
    // So that `--json` after `deliveries show` is an option of `show`, not of `deliveries`.
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    })
    .addHelpText('after', EXIT_CODES)
  for (const { name, summary, load } of COMMANDS) {
    const command = args.includes(name) ? await load(context) : new Command(name)
    program.addCommand(command.summary(summary).copyInheritedSettings(program))
    for (const subcommand of command.commands) subcommand.copyInheritedSettings(command)
  }
  return program
}

const EXIT_CODES = `
Exit codes: 0 success, 1 failure, 2 wrong usage, configuration or setup,
3 (upload --wait, retry --wait, status) an extension failed or expired.`

function reportError(error: unknown, { env, stderr }: CommandContext): number {
  // Commander has already printed the help, the version or the usage error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const showsStack = env['LOG_LEVEL'] === 'debug' || env['LOG_LEVEL'] === 'trace'
  const stack = showsStack && error instanceof Error ? error.stack : undefined
  const hint = errorCode(error) === 'EADDRINUSE' ? '. Set another PORT.' : ''
  printLine(stderr, stack ?? `${errorMessage(error)}${hint}`)
  const isSetupProblem =
    error instanceof ConfigError ||
    error instanceof MissingPackageError ||
    error instanceof DatabaseStartError
  if (isSetupProblem) return 2
  return error instanceof CommandError ? error.exitCode : 1
}
