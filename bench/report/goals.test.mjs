import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { collapseText, GOALS } from './goals.mjs'

const document = readFileSync(new URL('../../docs/benchmarks.md', import.meta.url), 'utf8')

const findGoal = (wanted) => GOALS.find(({ id }) => id === wanted)

function documentedFigure({ what }) {
  const row = document.split('\n').find((line) => line.startsWith(`| ${what} |`))
  return Number.parseFloat(row?.split('|')[3] ?? '')
}

describe('a collapse, which fails the short form', () => {
  test('is less than 3 × Express', () => {
    const goal = findGoal('ingest-64-express')
    expect(collapseText(goal, 2.9)).toBe('2.9 ×, below 3.0 ×')
    expect(collapseText(goal, 3)).toBeUndefined()
  })

  test('is one status that went back', () => {
    expect(collapseText(findGoal('mixed-back'), 1)).toBe('1, above 0')
    expect(collapseText(findGoal('mixed-back'), 0)).toBeUndefined()
  })

  test('is no figure that was not measured', () => {
    for (const goal of GOALS) expect(collapseText(goal, undefined)).toBeUndefined()
  })

  const distant = GOALS.filter(({ collapsedBelow, collapsedAbove }) => collapsedBelow || collapsedAbove)
  test.each(distant)('is at least twice as far off as the documented figure: $what', (goal) => {
    const documented = documentedFigure(goal)
    expect(documented).toBeGreaterThan(0)
    expect(collapseText(goal, documented)).toBeUndefined()
    expect(collapseText(goal, goal.collapsedBelow ? documented / 2 : documented * 2)).toBeUndefined()
  })
})
