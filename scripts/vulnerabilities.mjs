// Asks the registry for known vulnerabilities in the shipped dependencies. High and critical ones fail the check; others are only
// reported. If the registry gives no report, the result is "not known", which does not fail the check. `npm run check` ends with
// `--result`, which prints the last result again, so that it isn't lost in the output of the tests.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

const FAILING = ['critical', 'high']
const RESULT_FILE = 'coverage/audit.txt'

if (process.argv.includes('--result')) {
  console.log(readFileSync(RESULT_FILE, 'utf8').trim())
  process.exit()
}
rmSync(RESULT_FILE, { force: true })

const REPORTED = ['moderate', 'low', 'info']

// Without retries, because a registry that does not respond must not delay every check.
const options = ['--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=20000']
const { stdout, stderr, error } = spawnSync('npm', ['audit', ...options], { encoding: 'utf8' })
if (error) throw error
const report = parse(stdout)

if (report?.auditReportVersion !== undefined) {
  const { vulnerabilities, metadata } = report
  const found = Object.values(vulnerabilities)
  // `via` has the advisories about the package, and the names of its vulnerable dependencies.
  for (const { name, severity, via } of found)
    console.log(
      `audit: ${severity}: ${name}: ${via.map((reason) => reason.title ?? `via ${reason}`).join('; ')}`,
    )
  const counts = [...FAILING, ...REPORTED].map(
    (severity) => `${metadata.vulnerabilities[severity]} ${severity}`,
  )
  reportResult(counts.join(', '))
  process.exitCode = found.some(({ severity }) => FAILING.includes(severity)) ? 1 : 0
} else if (report?.message !== undefined || report?.error !== undefined) {
  reportResult(`not known: ${reasonOf(report)}`)
} else {
  console.error(`audit: npm audit failed\n${stdout}${stderr}`)
  process.exitCode = 1
}

/** Prints the result, and saves it for `--result`. */
function reportResult(result) {
  mkdirSync('coverage', { recursive: true })
  writeFileSync(RESULT_FILE, `known vulnerabilities: ${result}\n`)
  console.log(`audit: ${result}`)
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Omits npm's message, because it contains the address of the registry, which may be private. */
function reasonOf({ statusCode, message = '' }) {
  if (statusCode !== undefined) return `the registry responded with ${statusCode}`
  const code =
    /\bE[A-Z_]{3,}\b/.exec(message)?.[0] ?? (/timeout/i.test(message) ? 'timeout' : 'invalid response')
  return `the request failed (${code})`
}
