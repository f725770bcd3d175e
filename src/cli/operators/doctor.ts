import { Command, InvalidArgumentError, Option } from 'commander'
import { ConfigError, parseConfig } from '../../config.ts'
import { parseInteger } from '../../domain/quantities.ts'
import { type Check, fail, ok } from '../../tracking/operators/diagnostics/check.ts'
import { type CommandContext, printLine } from '../command-context.ts'
import { createPaint, escapeForTerminal, type Paint, stringifyForTerminal } from '../terminal-text.ts'
import { OPERATOR_HELP, parseTrackerAccess, type TrackerAccess } from '../tracker-access.ts'
import { createCommandClient } from '../tracker-client.ts'
import { checkLive } from './doctor-live.ts'
import { checkService } from './doctor-service.ts'

const LIVE_SECONDS = 120

export function doctorCommand(context: CommandContext): Command {
  return new Command('doctor')
    .description('Checks everything that the service needs, and prints how to fix each problem.')
    .addOption(
      new Option(
        '--live [SECONDS]',
        'also upload a one-pixel image with one tagger, wait this long for its webhook, and delete the image',
      )
        .preset(String(LIVE_SECONDS))
        .argParser(parseSeconds),
    )
    .option('--json', 'print { ok, checks: [{ name, level, message, remedy }] }')
    .addHelpText('after', DOCTOR_HELP)
    .action(async ({ live, json }: { live?: number; json?: true }) => {
      const paint = createPaint(context)
      const checks: Check[] = []
      for await (const check of runChecks(context, live)) {
        checks.push(check)
        if (!json) printLine(context.stdout, formatCheck(check, paint))
      }
      const isOk = checks.every(({ level }) => level !== 'fail')
      if (json) printLine(context.stdout, stringifyForTerminal({ ok: isOk, checks }))
      if (!isOk) context.exitCode = 1
    })
}

const DOCTOR_HELP = `
Examples:
  extension-tracker doctor
  extension-tracker doctor --json | jq '.checks[] | select(.level != "ok")'
  IMAGEKIT_PRIVATE_KEY=private_... extension-tracker doctor --live
${OPERATOR_HELP}
Run it where serve runs, with the same environment, to check that environment too. --live costs one extension unit, and needs
IMAGEKIT_PRIVATE_KEY (and IMAGEKIT_API_URL, if the service sets it) to delete the file. The exit code is 1 if a check failed.`

/** Runs the checks one after another, and stops early if the service doesn't report its own checks. */
async function* runChecks(
  context: CommandContext,
  liveSeconds: number | undefined,
): AsyncGenerator<Check, void> {
  yield* checkEnvironment(context)
  const access = readAccess(context)
  if (!('url' in access)) return yield* access
  const client = createCommandClient(access)
  const hasReported = yield* checkService(client)
  if (hasReported && liveSeconds !== undefined) yield* checkLive(context, client, liveSeconds)
}

/** Returns a failed check for each invalid variable, if there are any. */
function readAccess({ env, readText }: CommandContext): TrackerAccess | Check[] {
  try {
    return parseTrackerAccess(env, readText)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((problem) =>
      fail('service', `cannot connect: ${problem}`, 'Correct this variable and run doctor again.'),
    )
  }
}

/** The status whose colour each level is shown in. */
const STATUS_OF_LEVEL = { ok: 'success', warn: 'expired', fail: 'failed' }
const LEVEL_WIDTH = 4
const NAME_WIDTH = 16
const GAP = '  '

function formatCheck({ name, level, message, remedy }: Check, paint: Paint): string {
  const levelCell = paint(STATUS_OF_LEVEL[level], level.padEnd(LEVEL_WIDTH))
  const line = [levelCell, name.padEnd(NAME_WIDTH), escapeForTerminal(message)].join(GAP)
  // The remedy starts below the message.
  const indent = ' '.repeat(LEVEL_WIDTH + NAME_WIDTH + 2 * GAP.length)
  return remedy === null ? line : `${line}\n${indent}→ ${escapeForTerminal(remedy)}`
}

function parseSeconds(text: string): number {
  const seconds = parseInteger(text)
  if (seconds !== undefined && seconds >= 1 && seconds <= 86_400) return seconds
  throw new InvalidArgumentError('It must be a number of seconds from 1 to 86400.')
}

/**
 * Checks whether the variables are valid for `serve`, and reports every problem. Skipped in the environment of a client, which has
 * TRACKER_URL but no IMAGEKIT_PRIVATE_KEY.
 */
function checkEnvironment({ env, readText }: Pick<CommandContext, 'env' | 'readText'>): Check[] {
  const name = 'configuration'
  const isSet = (variable: string) => Boolean(env[variable] || env[`${variable}_FILE`])
  if (isSet('TRACKER_URL') && !isSet('IMAGEKIT_PRIVATE_KEY'))
    return [ok(name, "this is a client's environment; to check the service's, run doctor where serve runs")]
  try {
    parseConfig(env, readText)
    return [ok(name, 'the variables of this environment are valid for serve')]
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((problem) =>
      fail(name, problem, 'serve does not start with this environment: correct this variable.'),
    )
  }
}
