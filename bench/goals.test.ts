import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { collapseText, GOALS, type GoalId, goalText, isMet } from './goals.ts'

const document = readFileSync(new URL('../docs/benchmarks.md', import.meta.url), 'utf8')

function getGoal(goalId: GoalId) {
  const goal = GOALS.find(({ id }) => id === goalId)
  if (goal === undefined) throw new Error(`unknown goal ${goalId}`)
  return goal
}

/** The figure of the goal in docs/benchmarks.md, from its row `| what | goal | measured | … |`; NaN if there is none. */
function documentedFigure({ what }: { what: string }): number {
  const row = document.split('\n').find((line) => line.startsWith(`| ${what} |`))
  return Number.parseFloat(row?.split('|')[3] ?? '')
}

describe('a collapse', () => {
  test('is ingest in upload order below 2.9 × Express', () => {
    const goal = getGoal('ingest-64-express')
    expect(collapseText(goal, 2.8)).toBe('2.8 ×, below 2.9 ×')
    expect(collapseText(goal, 2.9)).toBeUndefined()
  })

  test('is shuffled ingest below 1.5 × Express', () => {
    const goal = getGoal('shuffled-64-express')
    expect(collapseText(goal, 1.4)).toBe('1.4 ×, below 1.5 ×')
    expect(collapseText(goal, 1.5)).toBeUndefined()
  })

  test('is a single status that went back to an older state', () => {
    expect(collapseText(getGoal('mixed-back'), 1)).toBe('1, above 0')
    expect(collapseText(getGoal('mixed-back'), 0)).toBeUndefined()
  })

  test('is not reported for a figure that was not measured', () => {
    for (const goal of GOALS) expect(collapseText(goal, undefined)).toBeUndefined()
  })

  // Twice as bad as zero is still zero, so `mixed-back`, which collapses above zero, is left out.
  const documented = GOALS.filter(({ collapsedBelow, collapsedAbove }) => collapsedBelow || collapsedAbove)
    .map((goal) => ({ ...goal, figure: documentedFigure(goal) }))
    .filter(({ figure }) => !Number.isNaN(figure))

  test('has bounds for ingest and for small uploads, whose figures are documented', () => {
    expect(documented.map(({ id }) => id)).toContain('ingest-64-express')
    expect(documented.map(({ id }) => id)).toContain('uploads-20kb')
  })

  test.each(documented)('is at least twice as bad as the documented figure: $what', (goal) => {
    expect(collapseText(goal, goal.figure)).toBeUndefined()
    expect(collapseText(goal, goal.collapsedBelow ? goal.figure / 2 : goal.figure * 2)).toBeUndefined()
  })
})

describe('a goal', () => {
  test('is met at its bound, missed just beyond it, and neither if it was not measured', () => {
    const ingest = getGoal('ingest-64-bare')
    expect([isMet(ingest, 0.4), isMet(ingest, 0.39), isMet(ingest, undefined)]).toEqual([
      true,
      false,
      undefined,
    ])
    expect([isMet(getGoal('disk-kept'), 1850), isMet(getGoal('disk-kept'), 1851)]).toEqual([true, false])
  })

  test('is described by its bound, or as reported if it has none', () => {
    expect(goalText(getGoal('ingest-64-bare'))).toBe('≥ 0.40 (stretch 0.55)')
    expect(goalText(getGoal('disk-kept'))).toBe('≤ 1850 bytes')
    expect(goalText(getGoal('connections-express'))).toBe('reported')
  })
})
