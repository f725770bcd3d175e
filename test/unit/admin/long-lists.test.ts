import { html } from 'hono/html'
import { expect, test } from 'vitest'
import { filterOf, readFailuresQuery } from '../../../src/admin/failures-query.ts'
import { FailuresPage } from '../../../src/admin/pages/failures-page.tsx'
import { AcknowledgePreviewPage } from '../../../src/admin/pages/preview-pages.tsx'
import { readText } from '../../support/html.ts'

const operator = { keyName: 'operator', isLocal: false, formToken: 'token' }
const query = readFailuresQuery(new URLSearchParams('q=IMG_'))
const selection = { kind: 'all', filter: filterOf(query), query } as const

test.each([
  [25_000, true, true],
  [10_000, true, false],
  [10_000, false, true],
])('of %s runs the preview says how many are acknowledged at most', async (total, isComplete, mayBeMore) => {
  const preview = { total, isComplete }
  const text = readText(await html`${AcknowledgePreviewPage({ operator, selection, preview })}`)
  expect(text).toContain('Acknowledge 10,000 runs?')
  expect(text.includes('start again for the rest')).toBe(mayBeMore)
})

test.each([
  [1, 'It leaves the worklist. Its status stays, and it is found'],
  [2, 'They leave the worklist. Their status stays, and they are found'],
])('of %i runs the preview says what becomes of them', async (total, sentence) => {
  const preview = { total, isComplete: true }
  const text = readText(await html`${AcknowledgePreviewPage({ operator, selection, preview })}`)
  expect(text).toContain(sentence)
})

test('an empty page that is not the last one does not say that nothing was found', async () => {
  const page = async (older: string | null) => {
    const list = { runs: [], newest: null, older }
    const matching = { groups: [], total: 0, isComplete: true }
    return readText(await html`${FailuresPage({ operator, query, groups: [], matching, list })}`)
  }
  expect(await page('/admin/failures?cursor=MQ')).toContain('Nothing found among the newest')
  expect(await page(null)).toMatch(/Nothing found An id has to be whole/)
})
