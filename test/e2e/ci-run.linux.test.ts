import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../support/tracker.ts'

const NEEDED = [
  'g++',
  'make',
  'python3',
  'cc',
  'prlimit',
  'taskset',
  'which',
  'script',
  'git',
  'wrk',
  'caddy',
  'chromium',
  'java',
]
const REPORTS = ['tests', 'tests-examples', 'tests-faults']
const REPORT = { numPassedTests: 3, numFailedTests: 0, numPendingTests: 0 }

/**
 * Runs a copy of the gate, `.ci/run`, with a PATH of stubs that log their calls. `attempts`: the attempt at which `apt-get update`
 * and `npm ci` succeed. `installs`: the tools that `apt-get install` adds. `reports`: the test reports that `npm run check` writes.
 */
function runGate({
  tools = NEEDED,
  installs = [] as string[],
  attempts = 1,
  reports = REPORTS,
  hasPythonPackages = true,
}) {
  const directory = temporaryDirectory()
  const bin = join(directory, 'bin')
  const log = join(directory, 'log')
  mkdirSync(join(directory, '.ci'))
  mkdirSync(bin)
  cpSync('.ci/run', join(directory, '.ci/run'))
  symlinkSync(process.execPath, join(bin, 'node'))
  for (const name of ['dirname', 'rm']) symlinkSync(`/usr/bin/${name}`, join(bin, name))
  const writeStub = (name: string, script = '') => {
    writeFileSync(join(bin, name), `#!/bin/bash\necho "${name} $*" >>${log}\n${script}\n`)
    chmodSync(join(bin, name), 0o755)
  }
  const succeedsAt = `(( $(/bin/grep -c "^\${0##*/} $*" ${log}) >= ${attempts} ))`
  const install = installs.map((tool) => `echo '#!/bin/bash' >${bin}/${tool}; /bin/chmod +x ${bin}/${tool}`)
  const write = reports.map((name) => `echo '${JSON.stringify(REPORT)}' >coverage/${name}.json`)
  for (const tool of [...tools, 'sleep', 'npx']) writeStub(tool)
  writeStub('python3', hasPythonPackages ? '' : 'exit 1')
  writeStub('apt-get', `case $1 in update) ${succeedsAt} ;; install) ${install.join('; ')} ;; esac`)
  writeStub(
    'npm',
    `case $* in ci) ${succeedsAt} ;; 'run check') /bin/mkdir -p coverage; ${write.join('; ')} ;; esac`,
  )
  const { status, stdout, stderr } = spawnSync('/bin/bash', [join(directory, '.ci/run')], {
    env: { PATH: bin },
    encoding: 'utf8',
  })
  const lines = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []
  const calls = lines.filter((call) => !call.startsWith('python3'))
  return { status, stdout, stderr, calls }
}

test('the gate retries a failed download, then runs every check and the bench', () => {
  const { status, stdout, calls } = runGate({
    tools: NEEDED.filter((tool) => tool !== 'wrk'),
    installs: ['wrk'],
    attempts: 3,
    hasPythonPackages: false,
  })
  const repeated = (command: string) => [command, 'sleep 15', command, 'sleep 30', command]
  expect(calls).toEqual([
    ...repeated('apt-get update'),
    'apt-get install -y --no-install-recommends wrk python3-dateutil python3-requests',
    ...repeated('npm ci'),
    'npm run check',
    'npm run bench -- --quick',
  ])
  expect(stdout).toContain('9 passed, 0 failed, 0 skipped')
  expect(status).toBe(0)
})

test('the gate names each missing tool that cannot be installed, and runs no check', () => {
  const tools = NEEDED.filter((tool) => !['prlimit', 'chromium'].includes(tool))
  const { status, stderr, calls } = runGate({ tools })
  expect(stderr).toContain('missing: prlimit chromium\n')
  expect(status).toBe(1)
  expect(calls.filter((call) => call.startsWith('npm'))).toEqual([])
})

test('the gate fails after three failed attempts at npm ci', () => {
  const { status, calls } = runGate({ attempts: 4 })
  expect(calls.filter((call) => call === 'npm ci')).toHaveLength(3)
  expect(status).toBe(1)
})

test.each(REPORTS)('the gate fails if the report %s is missing', (missing) => {
  const { status, stdout } = runGate({ reports: REPORTS.filter((name) => name !== missing) })
  expect(stdout).toContain('no test ran')
  expect(status).toBe(1)
})
