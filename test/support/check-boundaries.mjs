// Runs dependency-cruiser over src and does not believe it unless it says that it saw the modules: with a TypeScript that
// it can't read it reports no violations over no modules.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'

const report = JSON.parse(run(['--output-type', 'json', 'src']))
const { error, totalCruised, violations } = report.summary
const written = readdirSync('src', { recursive: true }).filter((name) => /\.tsx?$/.test(name)).length

for (const { rule, from, to } of violations) console.error(`${rule.name}: ${from} -> ${to}`)
console.log(`boundaries: ${totalCruised} modules cruised, ${written} of ours, ${error} violations`)
if (error > 0) process.exit(1)
if (written === 0 || totalCruised < written) {
  console.error('boundaries: not every module was looked at')
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
