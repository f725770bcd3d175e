import { GOALS, goalText, isMet } from './goals.mjs'

/** A table in Markdown; all but its first column are set right. */
function tableText(columns, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [
    line(columns),
    line(columns.map((_, index) => (index === 0 ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n')
}

/** A part's tables, each with its title and what has to be known of it. */
export function partText({ title, tables }, level = '##') {
  const texts = tables.map(({ title: name, columns, rows, note }) =>
    [`**${name}**`, tableText(columns, rows), ...(note ? [note] : [])].join('\n\n'),
  )
  return [`${level} ${title}`, ...texts].join('\n\n')
}

/** Every goal with what was measured of it, or only those of which something was. */
export function goalTable(measured, { onlyMeasured = false } = {}) {
  const told = GOALS.filter(({ id }) => !onlyMeasured || measured[id] !== undefined)
  const rows = told.map((goal) => {
    const value = measured[goal.id]
    const met = isMet(goal, value)
    return [
      goal.what,
      goalText(goal),
      value === undefined ? 'not measured' : goal.format(value),
      met === undefined ? '' : met ? 'met' : '**missed**',
    ]
  })
  return tableText(['what', 'goal', 'measured', ''], rows)
}
