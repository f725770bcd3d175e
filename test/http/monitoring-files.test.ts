import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { parsePrometheusText, type Sample } from '../support/prometheus-text.ts'
import { readExpression } from '../support/promql.ts'
import { startTracker } from '../support/tracker.ts'
import { deliver, payload, register } from '../support/webhooks.ts'

const readDocument = (path: string) => readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8')

type Rule = {
  alert: string
  expr: string
  for: string
  labels: { severity: string }
  annotations: { [name: string]: string }
}
type Query = { expr: string; legendFormat?: string }
type Panel = {
  id: number
  type: string
  title: string
  description?: string
  targets?: Query[]
  gridPos: { x: number; y: number; w: number; h: number }
}
type Variable = { name: string; type: string; query: string | { query: string } }
type Dashboard = { panels: Panel[]; templating: { list: Variable[] } }

const dashboard: Dashboard = JSON.parse(readDocument('monitoring/grafana-dashboard.json'))
const rules: Rule[] = parse(readDocument('monitoring/prometheus-rules.yaml')).groups.flatMap(
  ({ rules }: { rules: Rule[] }) => rules,
)
const panelQueries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map((target) => ({ where: title, ...target })),
)
const variableQueries = dashboard.templating.list.flatMap(({ name, query }) =>
  typeof query === 'string' ? [] : [{ where: `variable ${name}`, expr: query.query }],
)

/** Prometheus itself adds these labels and metrics. */
const TARGET_LABELS = ['job', 'instance']
const PROMETHEUS_METRICS: { [name: string]: string[] } = { up: TARGET_LABELS, ALERTS: ['alertname'] }

/** The metrics of a tracker that has settled a run, with the labels of each. */
async function scrapedLabels(): Promise<Map<string, Set<string>>> {
  const tracker = await startTracker()
  const { webhookUrl } = await register(tracker, ['remove-bg'])
  expect((await deliver(webhookUrl, payload('remove-bg', 'success'))).status).toBe(200)
  const labels = new Map<string, Set<string>>()
  const samples: Sample[] = parsePrometheusText(await (await tracker.fetch('/metrics')).text())
  for (const sample of samples) {
    const known = labels.get(sample.name) ?? new Set(TARGET_LABELS)
    for (const label of Object.keys(sample.labels)) known.add(label)
    labels.set(sample.name, known)
  }
  for (const [name, known] of Object.entries(PROMETHEUS_METRICS)) labels.set(name, new Set(known))
  return labels
}

test('every metric and label in the dashboard and the alert rules exists in the output of /metrics', async () => {
  const labelsOf = await scrapedLabels()
  const queries = [
    ...panelQueries,
    ...variableQueries,
    ...rules.map(({ alert, expr }) => ({ where: alert, expr })),
  ]
  const missing = queries.flatMap(({ where, expr }) => {
    // A variable of the dashboard lists the values of a label of a metric: label_values(metric, label).
    const [, metric, label] = /^label_values\((.*), (\w+)\)$/.exec(expr) ?? []
    const { selectors, groupedBy } = readExpression(metric ?? expr)
    const available = new Set(selectors.flatMap(({ metric }) => [...(labelsOf.get(metric) ?? [])]))
    return [
      ...selectors.flatMap(({ metric, labels }) => {
        const known = labelsOf.get(metric)
        if (known === undefined) return [`${where}: metric ${metric}`]
        return labels.filter((label) => !known.has(label)).map((label) => `${where}: ${metric}{${label}}`)
      }),
      ...[...groupedBy, ...(label === undefined ? [] : [label])]
        .filter((label) => !available.has(label))
        .map((label) => `${where}: label ${label}`),
    ]
  })
  expect(queries.length).toBeGreaterThan(40)
  expect(missing).toEqual([])
})

test('every metric of the tracker is in a panel of the dashboard and in the documentation', async () => {
  const documentation = readDocument('monitoring.md')
  const families = [...(await scrapedLabels()).keys()]
    .filter((name) => name.startsWith('tracker_'))
    .map((name) => name.replace(/_(bucket|sum|count)$/, ''))
  const shown = panelQueries.flatMap(({ expr }) => readExpression(expr).selectors.map(({ metric }) => metric))
  expect(new Set(families).size).toBeGreaterThan(15)
  for (const family of families) {
    expect(documentation).toContain(`\`${family}\``)
    expect(
      shown.some((metric) => metric.startsWith(family)),
      family,
    ).toBe(true)
  }
})

test('every panel has a description and its own place, and its legends name only labels that its query keeps', () => {
  const panels = dashboard.panels.filter(({ type }) => type !== 'row')
  for (const { title, description, targets } of panels) {
    expect(description, title).toMatch(/\.$/)
    expect(targets, title).not.toEqual([])
  }
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length)
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
  )
  expect(new Set(cells).size).toBe(cells.length)
  for (const { where, expr, legendFormat = '' } of panelQueries) {
    const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label)
    expect(readExpression(expr).groupedBy, where).toEqual(expect.arrayContaining(named))
  }
})

test('every alert rule says what happened and what to do, and its texts name only labels that its query keeps', () => {
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  for (const rule of rules) {
    expect(rule, rule.alert).toMatchObject({
      for: expect.stringMatching(/^\d+m$/),
      labels: { severity: expect.stringMatching(/^(critical|warning)$/) },
      annotations: {
        summary: expect.stringMatching(/\S/),
        description: expect.stringMatching(/\S/),
        action: expect.stringMatching(/\S/),
      },
    })
    const texts = Object.values(rule.annotations).join(' ')
    const named = [...texts.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label)
    const { selectors, groupedBy } = readExpression(rule.expr)
    const kept =
      groupedBy.length > 0 ? groupedBy : selectors.some(({ metric }) => metric === 'up') ? TARGET_LABELS : []
    expect(kept, rule.alert).toEqual(expect.arrayContaining(named))
  }
})
