import { Command, InvalidArgumentError, Option } from 'commander'
import { ConfigError } from '../../config.ts'
import { type Check, fail } from '../../domain/check.ts'
import { parseInteger } from '../../domain/quantities.ts'
import { createPaint, type Paint } from '../asset-text.ts'
import { type CommandContext, printLine } from '../command-context.ts'
import { inertJson, inertText } from '../terminal-text.ts'
import { parseTrackerAccess, type TrackerAccess } from '../tracker-access.ts'
import { createTrackerClient } from '../tracker-client.ts'
import { checkEnvironment } from './doctor-environment.ts'
import { checkLive } from './doctor-live.ts'
import { checkService } from './doctor-service.ts'
import { OPERATOR_HELP } from './run-filter-options.ts'

const LIVE_SECONDS = 120

export function doctorCommand(context: CommandContext): Command {
  return new Command('doctor')
    .description('Looks at all that the service needs, and tells of what is wrong what to do about it.')
    .addOption(
      new Option(
        '--live [SECONDS]',
        'also upload a file of one pixel with one tagger, wait so long for its webhook, delete the file',
      )
        .preset(String(LIVE_SECONDS))
        .argParser(parseSeconds),
    )
    .option('--json', 'print { ok, checks: [{ name, level, told, remedy }] }')
    .addHelpText('after', DOCTOR_HELP)
    .action(async ({ live, json }: { live?: number; json?: true }) => {
      const paint = createPaint(context)
      const checks: Check[] = []
      for await (const check of lookAtAll(context, live)) {
        checks.push(check)
        if (!json) printLine(context.stdout, formatCheck(check, paint))
      }
      const isWell = checks.every(({ level }) => level !== 'fail')
      if (json) printLine(context.stdout, inertJson({ ok: isWell, checks }))
      if (!isWell) context.exitCode = 1
    })
}

const DOCTOR_HELP = `
Examples:
  extension-tracker doctor
  extension-tracker doctor --json | jq '.checks[] | select(.level != "ok")'
  IMAGEKIT_PRIVATE_KEY=private_... extension-tracker doctor --live
${OPERATOR_HELP}
Run it where serve runs, with the same environment: then that is looked at, too. --live costs one extension unit, and needs
IMAGEKIT_PRIVATE_KEY (and IMAGEKIT_API_URL, where that is set) to delete the file. Exit code 1 if anything failed.`

/** One after another: what comes later is of no use where nothing answers. */
async function* lookAtAll(
  context: CommandContext,
  liveSeconds: number | undefined,
): AsyncGenerator<Check, void> {
  yield* checkEnvironment(context)
  const access = readAccess(context)
  if (!('url' in access)) return yield* access
  const client = createTrackerClient(access)
  const answered = yield* checkService(access, client)
  if (answered && liveSeconds !== undefined) yield* checkLive(context, client, liveSeconds)
}

function readAccess({ env, readText }: CommandContext): TrackerAccess | Check[] {
  try {
    return parseTrackerAccess(env, readText)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((problem) =>
      fail('service', `it can't be asked: ${problem}`, 'Set this variable and run doctor again.'),
    )
  }
}

const COLOURS = { ok: 'success', warn: 'expired', fail: 'failed' }
const NAME_WIDTH = 16

function formatCheck({ name, level, told, remedy }: Check, paint: Paint): string {
  const line = `${paint(COLOURS[level], level.padEnd(4))}  ${name.padEnd(NAME_WIDTH)}  ${inertText(told)}`
  return remedy === null ? line : `${line}\n${' '.repeat(NAME_WIDTH + 8)}→ ${inertText(remedy)}`
}

function parseSeconds(text: string): number {
  const seconds = parseInteger(text)
  if (seconds !== undefined && seconds >= 1 && seconds <= 86_400) return seconds
  throw new InvalidArgumentError('It should be a number of seconds.')
}
