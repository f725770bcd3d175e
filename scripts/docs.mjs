// `npm run docs` writes the table of variables in docs/configuration.md from the list that the program itself uses.
// With `--check`, it writes nothing, and fails if the page differs.
import { readFileSync, writeFileSync } from 'node:fs'
import { VARIABLES } from '../dist/config/documented-variables.js'

const PAGE = new URL('../docs/configuration.md', import.meta.url)
const [BEGIN, END] = ['<!-- variables: begin -->\n', '<!-- variables: end -->']

const rows = VARIABLES.map((variable) => {
  const value = variable.default === undefined ? variable.unset : `\`${variable.default}\``
  return `| \`${variable.name}\` | ${value} | ${variable.meaning} |\n`
})
const table = `| variable | default | meaning |\n| --- | --- | --- |\n${rows.join('')}`
const page = readFileSync(PAGE, 'utf8')
const [start, end] = [page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END)]
const written = page.slice(0, start) + table + page.slice(end)

if (!process.argv.includes('--check')) writeFileSync(PAGE, written)
else if (written !== page) {
  console.error('docs/configuration.md differs from src/config/documented-variables.ts. Run `npm run docs`.')
  process.exitCode = 1
}
