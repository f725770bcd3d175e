// `npm run docs` writes the tables of the documents that are generated: the variables from the list that the program itself uses, and
// the routes from the API description. With `--check`, it writes nothing, and fails if a page differs.
import { readFileSync, writeFileSync } from 'node:fs'
import { VARIABLES } from '../dist/config/documented-variables.js'
import { describedOperations } from './described-operations.mjs'

const ACCESS = { none: '–', key: 'any key', operator: 'admin key' }

const table = (titles, rows) =>
  [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('')

const TABLES = {
  'docs/configuration.md': table(
    ['variable', 'default', 'meaning'],
    VARIABLES.map(({ name, default: value, unset, meaning }) => [
      `\`${name}\``,
      value === undefined ? unset : `\`${value}\``,
      meaning,
    ]),
  ),
  'docs/http-api.md': table(
    ['route', 'what', 'needs'],
    describedOperations({})
      // ImageKit's routes also exist with a slash at the end.
      .filter(({ path }) => !path.endsWith('/'))
      .map(({ method, path, summary, auth }) => [
        `\`${method.toUpperCase()} ${path}\``,
        summary,
        ACCESS[auth] ?? 'any key, or `?token=`',
      ]),
  ),
}

const [BEGIN, END] = ['<!-- generated: begin -->\n', '<!-- generated: end -->']
for (const [name, generated] of Object.entries(TABLES)) {
  const path = new URL(`../${name}`, import.meta.url)
  const page = readFileSync(path, 'utf8')
  const start = page.indexOf(BEGIN) + BEGIN.length
  const written = page.slice(0, start) + generated + page.slice(page.indexOf(END))
  if (!process.argv.includes('--check')) writeFileSync(path, written)
  else if (written !== page) {
    console.error(`The table in ${name} is not up to date. Run \`npm run docs\`.`)
    process.exitCode = 1
  }
}
