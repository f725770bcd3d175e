import { describe, expect, test } from 'vitest'
import { startFakeTracker } from './fake-tracker.ts'
import { uploaded } from './responses.ts'
import { runCli } from './run-cli.ts'

/** The commands that need the admin key. */
const OPERATOR_COMMANDS = [
  'failures',
  'runs',
  'retry',
  'deliveries',
  'notifications',
  'replay',
  'stats',
  'audit',
  'forget',
  'backup',
  'doctor',
  'reconcile',
]
const COMMANDS = [
  'serve',
  'dev',
  'demo',
  'sandbox',
  'migrate',
  'upload',
  'status',
  'open',
  ...OPERATOR_COMMANDS,
]

describe('help', () => {
  test('lists the commands and the exit codes', async () => {
    const { exitCode, stdout, stderr } = await runCli(['--help'])
    expect(exitCode).toBe(0)
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'))
    expect(stdout).toContain('Exit codes: 0 success, 1 failure, 2 wrong usage')
    expect(stderr).toBe('')
  })

  test.each(COMMANDS)('for %s is the same as an option and as a command', async (command) => {
    const asOption = await runCli([command, '--help'])
    expect(asOption.exitCode).toBe(0)
    expect(asOption.stdout).toContain(`Usage: extension-tracker ${command}`)
    const asCommand = await runCli(['help', command])
    expect(asCommand).toEqual(asOption)
  })

  test.each(OPERATOR_COMMANDS)('of %s has examples and names the required key', async (command) => {
    const { stdout } = await runCli([command, '--help'])
    expect(stdout).toMatch(new RegExp(`Examples:\\n(?:  .*\\n)*?  .*extension-tracker ${command} ?`))
    expect(stdout).toContain('TRACKER_ADMIN_KEY is the key')
  })

  test('of upload states the default options of a tagger', async () => {
    const { stdout } = await runCli(['upload', '--help'])
    expect(stdout.replace(/\s+/g, ' ')).toContain('minConfidence 70 and maxTags 10')
  })

  test('of retry says that --status is required without a run, and that of failures states its default', async () => {
    const helpOf = async (command: string) => (await runCli([command, '--help'])).stdout.replace(/\s+/g, ' ')
    expect(await helpOf('retry')).toContain('runs of this status (required without RUN_ID)')
    expect(await helpOf('failures')).toContain('runs of this status (default: failed)')
  })

  test('of sandbox lists every tag', async () => {
    const { stdout } = await runCli(['sandbox', '--help'])
    const outcomes = ['success', 'failed', 'success-now', 'failed-now', 'pending'].map(
      (outcome) => `EXTENSION=${outcome}`,
    )
    const webhooks = ['drop', 'duplicate', 'early', 'late', 'reorder', 'conflict'].map(
      (behaviour) => `webhook=${behaviour}`,
    )
    for (const tag of [...outcomes, ...webhooks, 'delay=MS'])
      expect(stdout).toMatch(new RegExp(`^  sandbox:${tag} `, 'm'))
  })
})

test('demo accepts its options after --, because npx passes that on', async () => {
  const { exitCode, stdout } = await runCli(['demo', '--', '--help'])
  expect(exitCode).toBe(0)
  expect(stdout).toContain('Usage: extension-tracker demo')
})

test('--version prints the version', async () => {
  expect(await runCli(['--version'])).toEqual({ exitCode: 0, stdout: '1.2.3\n', stderr: '' })
})

describe('on wrong usage, the command exits with 2 and explains it on stderr only', () => {
  test.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['--frobnicate'], "unknown option '--frobnicate'"],
    [['upload', '--frobnicate'], "unknown option '--frobnicate'"],
    [['upload', 'a.png', 'b.png'], 'too many arguments'],
    [['status'], "missing required argument 'FILE_ID'"],
    [['migrate', 'now'], 'too many arguments'],
    [[], 'Usage: extension-tracker'],
    [['failures', '--status', 'broken'], 'Allowed choices are failed, expired, pending, success'],
    [['failures', '--since', 'yesterday'], 'a time such as 2026-11-24T18:00:00Z'],
    [['failures', '--until', '2026-02-30T00:00'], 'a time such as 2026-11-24T18:00:00Z'],
    [['failures', '--limit', '1001'], 'a whole number from 1 to 1000'],
    [['failures', '--acknowledged', '--all'], 'cannot be used with'],
    [['retry'], 'Give RUN_ID, or a filter such as --status'],
    [['retry', '--extension', 'remove-bg'], 'Give RUN_ID, or a filter such as --status'],
    [['retry', 'run-1', '--status', 'failed'], 'not both'],
    [['retry', '--status', 'pending'], 'Allowed choices are failed, expired, success'],
    [['deliveries', '--outcome', 'lost'], 'Allowed choices are applied'],
    [['replay'], 'Give DELIVERY_ID, or a filter such as --outcome rejected'],
    [['replay', '--dry-run'], 'Give DELIVERY_ID, or a filter such as --outcome rejected'],
    [['replay', 'delivery-1', '--dry-run'], 'not both'],
    [['replay', '--cause', 'bad_luck'], 'Allowed choices are unknown_shape'],
    [['replay', '--outcome', 'applied'], 'Allowed choices are rejected'],
    [['runs', 'unacknowledge'], "missing required argument 'RUN_ID'"],
    [['notifications', '--state', 'lost'], 'Allowed choices are waiting, delivered, given_up'],
    [['notifications', 'show'], "missing required argument 'NOTIFICATION_ID'"],
    [['notifications', 'resend'], 'Give NOTIFICATION_ID, or a filter such as --state given_up'],
    [['notifications', 'resend', 'msg_run_1', '--state', 'given_up'], 'not both'],
    [['runs'], 'Usage: extension-tracker runs'],
    [['runs', 'show'], "missing required argument 'RUN_ID'"],
    [['forget'], "missing required argument 'FILE_ID'"],
    [['forget', 'abc'], 'add --yes'],
    [['stats', '--window', 'day'], 'a duration such as 24h'],
    [['backup'], "missing required argument 'FILE'"],
    [['doctor', '--live', 'soon'], 'a number of seconds'],
  ])('%j', async (args, sentence) => {
    const { exitCode, stdout, stderr } = await runCli(args)
    expect(stderr).toContain(sentence)
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  })
})

describe('on wrong usage, upload exits with 2', () => {
  test.each([
    [['--extensions', '{'], 'must be JSON, such as [{"name":"remove-bg"}]'],
    [['--extensions', '{"name":"remove-bg"}'], 'array of objects, each with a "name"'],
    [['--extensions', '[{"options":{}}]'], 'array of objects, each with a "name"'],
    [['--extension', 'ai-tasks'], 'requires tasks; use --extensions'],
    [['--extension', 'saved-extension'], 'requires an id; use --extensions'],
    [['--extension', ''], 'name is empty'],
    [['--custom-metadata', '{brand}'], 'not valid JSON'],
    [['--custom-metadata', '["Nike"]'], 'must be a JSON object'],
    [['--transformation', 'w-200'], 'not valid JSON'],
    [['--field', 'novalue'], 'NAME=VALUE'],
    [['--field', 'fileName=x'], 'an argument or option of its own'],
    [['--wait', 'soon'], 'a number of seconds'],
  ])('%j, before anything is sent', async (args, sentence) => {
    const tracker = await startFakeTracker(() => uploaded())
    const { exitCode, stdout, stderr } = await runCli(['upload', import.meta.filename, ...args], {
      env: { TRACKER_URL: tracker.url },
    })
    expect(stderr).toContain(sentence)
    expect({ exitCode, stdout, requests: tracker.requests }).toEqual({
      exitCode: 2,
      stdout: '',
      requests: [],
    })
  })

  test.each([
    [['upload'], 'FILE is missing'],
    [['upload', '--wait', '5'], 'FILE is missing'],
    [['upload', '-'], 'add --file-name'],
    [['upload', 'https://example.com/'], 'add --file-name'],
    [['upload', 'http://'], 'not a valid URL'],
  ])('%j', async (args, sentence) => {
    const { exitCode, stderr } = await runCli(args)
    expect(stderr).toContain(sentence)
    expect(exitCode).toBe(2)
  })
})

describe('with an invalid environment, the command exits with 2 and reports every problem', () => {
  test.each([
    ['upload', import.meta.filename],
    ['status', 'abc'],
    ['failures'],
    ['backup', 'never-written.db'],
  ])('%s', async (...args) => {
    const env = { TRACKER_URL: 'ftp://x', PORT: 'http', TRACKER_API_KEY: 'tiny' }
    const { exitCode, stderr } = await runCli(args, { env })
    expect(stderr).toContain('TRACKER_URL: must be')
    expect(stderr).toContain('PORT: must be')
    expect(stderr).toContain('TRACKER_API_KEY: key 1: the secret is shorter')
    // No problem quotes a secret.
    expect(stderr).not.toContain('tiny')
    expect(exitCode).toBe(2)
  })

  test('serve', async () => {
    const { exitCode, stderr } = await runCli(['serve'], { env: { PORT: 'x', LOG_LEVEL: 'loud' } })
    expect(stderr).toContain('PORT: must be')
    expect(stderr).toContain('LOG_LEVEL: must be')
    expect(stderr).toContain('IMAGEKIT_PRIVATE_KEY: is required')
    expect(exitCode).toBe(2)
  })
})
