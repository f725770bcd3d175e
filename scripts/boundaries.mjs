// Runs dependency-cruiser over src. Fails if it reports a violation, or if it did not cruise every module: with an unsupported
// TypeScript version it reports no violations in zero modules.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

const report = JSON.parse(run(['--output-type', 'json', 'src']))
const { error: errorCount, totalCruised, violations } = report.summary
const moduleCount = readdirSync('src', { recursive: true }).filter((name) => /\.tsx?$/.test(name)).length

for (const { rule, from, to } of violations) console.error(`${rule.name}: ${from} -> ${to}`)
console.log(`boundaries: ${totalCruised} modules cruised, ${moduleCount} in src, ${errorCount} violations`)
if (errorCount > 0) process.exit(1)
if (moduleCount === 0 || totalCruised < moduleCount) {
  console.error('boundaries: not every module was checked')
  process.exit(1)
}

function run(args) {
  try {
    return execFileSync('npx', ['depcruise', ...args], { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 })
  } catch (failure) {
    if (failure.stdout) return failure.stdout
    throw failure
  }
}
