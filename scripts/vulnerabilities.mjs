// Asks the registry for known vulnerabilities of the shipped dependencies. High and critical ones fail the check; others are only
// reported. Without a response the result is "not known", which neither fails nor passes. `--result` prints the last result
// again at the end of the checks, so that it isn't lost in the output of the tests.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

const FAILING = ['critical', 'high']
const RESULT = 'coverage/audit.txt'

if (process.argv.includes('--result')) {
  console.log(readFileSync(RESULT, 'utf8').trim())
  process.exit()
}
rmSync(RESULT, { force: true })

const REPORTED = ['moderate', 'low', 'info']

// Without retries, because a registry that does not respond must not delay every check.
const options = ['--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=20000']
const { stdout, stderr, error } = spawnSync('npm', ['audit', ...options], { encoding: 'utf8' })
if (error) throw error
const report = parse(stdout)

if (report?.auditReportVersion !== undefined) {
  const { vulnerabilities, metadata } = report
  const found = Object.values(vulnerabilities)
  for (const { name, severity, via } of found)
    console.log(
      `audit: ${severity}: ${name}: ${via.map((advisory) => advisory.title ?? `via ${advisory}`).join('; ')}`,
    )
  const counts = [...FAILING, ...REPORTED].map(
    (severity) => `${metadata.vulnerabilities[severity]} ${severity}`,
  )
  saveResult(counts.join(', '))
  process.exitCode = found.some(({ severity }) => FAILING.includes(severity)) ? 1 : 0
} else if (report?.message !== undefined || report?.error !== undefined) {
  saveResult(`not known: ${reasonOf(report)}`)
} else {
  console.error(`audit: npm audit failed\n${stdout}${stderr}`)
  process.exitCode = 1
}

function saveResult(result) {
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

/** Does not include npm's message, which contains the address of the registry; that may be private. */
function reasonOf({ statusCode, message = '' }) {
  if (statusCode !== undefined) return `the registry responded with ${statusCode}`
  const code =
    /\bE[A-Z_]{3,}\b/.exec(message)?.[0] ?? (/timeout/i.test(message) ? 'timeout' : 'invalid response')
  return `the request failed (${code})`
}
