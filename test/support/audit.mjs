// Asks the registry whether what we ship has known vulnerabilities. High and critical ones fail; lesser ones are reported.
// If nobody answers, the result is "not known": it fails nothing, and is no pass. `--result` prints the last result, which ends
// the checks, so that it isn't lost among the output of the tests.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

const FAILING = ['critical', 'high']
const RESULT = 'coverage/audit.txt'

if (process.argv.includes('--result')) {
  console.log(readFileSync(RESULT, 'utf8').trim())
  process.exit()
}
rmSync(RESULT, { force: true })

const TOLD = ['moderate', 'low', 'info']

// One try: a registry that does not answer must not hold up every check.
const options = ['--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=20000']
const { stdout, stderr, error } = spawnSync('npm', ['audit', ...options], { encoding: 'utf8' })
if (error) throw error
const report = parse(stdout)

if (report?.auditReportVersion !== undefined) {
  const { vulnerabilities, metadata } = report
  const found = Object.values(vulnerabilities)
  for (const { name, severity, via } of found)
    console.log(
      `audit: ${severity}: ${name}: ${via.map((hole) => hole.title ?? `by way of ${hole}`).join('; ')}`,
    )
  const counts = [...FAILING, ...TOLD].map((severity) => `${metadata.vulnerabilities[severity]} ${severity}`)
  keep(counts.join(', '))
  process.exitCode = found.some(({ severity }) => FAILING.includes(severity)) ? 1 : 0
} else if (report?.message !== undefined || report?.error !== undefined) {
  keep(`not known: ${reasonOf(report)}`)
} else {
  console.error(`audit: npm could not do it\n${stdout}${stderr}`)
  process.exitCode = 1
}

function keep(result) {
  mkdirSync('coverage', { recursive: true })
  writeFileSync(RESULT, `known vulnerabilities: ${result}\n`)
  console.log(`audit: ${result}`)
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Without npm's own words: they hold the registry's address, which may be somebody's own. */
function reasonOf({ statusCode, message = '' }) {
  if (statusCode !== undefined) return `the registry answered ${statusCode} when it was asked`
  const code =
    /\bE[A-Z_]{3,}\b/.exec(message)?.[0] ?? (/timeout/i.test(message) ? 'timeout' : 'no sensible answer')
  return `the registry could not be asked (${code})`
}
