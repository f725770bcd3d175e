// docs/benchmarks.md: what is between the marks is written by the bench, what is around them by hand.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { writeChart } from './chart.mjs'
import { goalTable, partText } from './tables.mjs'

const DOCUMENT = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url))
const [BEGIN, END] = ['<!-- measured: begin -->', '<!-- measured: end -->']

export function writeDocument(results, circumstances) {
  const goals = Object.assign({}, ...results.map((result) => result.goals))
  const lost = results.reduce((sum, result) => sum + result.lost, 0)
  const text = [
    BEGIN,
    '## Where and when',
    circumstancesText(circumstances),
    '## Goals',
    goalTable(goals),
    `Acknowledged deliveries that were lost, in all runs: **${lost}**.`,
    ...results.map((result) => resultText(result, circumstances)),
    END,
  ].join('\n\n')
  const present = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, 'utf8') : `# Benchmarks\n\n${BEGIN}\n${END}\n`
  const [before, after] = [present.indexOf(BEGIN), present.indexOf(END)]
  if (before < 0 || after < before) throw new Error(`${DOCUMENT} has no place marked for the figures`)
  writeFileSync(DOCUMENT, `${present.slice(0, before)}${text}${present.slice(after + END.length)}`)
}

function circumstancesText({ at, commit, machine, versions, method }) {
  return [`- ${at.slice(0, 10)}, commit ${commit}`, `- ${machine}`, `- ${versions}`, `- ${method}`].join('\n')
}

function resultText(result, circumstances) {
  const charts = (result.charts ?? []).map((chart) => `![${chart.title}](${writeChart(chart)})`)
  const own = result.circumstances
  const isOfNow = own.at === circumstances.at
  const elsewhen = isOfNow ? [] : [`Measured at ${own.at.slice(0, 16)}Z, commit ${own.commit}.`]
  return [partText(result), ...elsewhen, ...charts].join('\n\n')
}
