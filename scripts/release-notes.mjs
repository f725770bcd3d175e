// Prints the section of CHANGELOG.md about a version: node scripts/release-notes.mjs v1.2.3. Fails unless package.json has that version and a
// repository, and the changelog has that section.
import { readFileSync } from 'node:fs'

const [tag = ''] = process.argv.slice(2)
const { version, repository } = JSON.parse(readFileSync('package.json', 'utf8'))
const sections = readFileSync('CHANGELOG.md', 'utf8').split(/^(?=## )/m)
const section = sections.find((text) => text.startsWith(`## ${version} - `))

const problems = []
if (tag !== `v${version}`)
  problems.push(`the tag must be v${version}, the version in package.json, not "${tag}"`)
if (section === undefined) problems.push(`CHANGELOG.md has no section "## ${version} - DATE"`)
if (repository === undefined)
  problems.push(
    'package.json has no "repository": npm accepts a provenance only from the repository that it names',
  )

if (problems.length === 0) console.log(section.split('\n').slice(1).join('\n').trim())
for (const problem of problems) console.error(`release: ${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1
