import { html } from 'hono/html'
import { expect, test } from 'vitest'
import { filterOf, readFailuresQuery } from '../../../src/admin/failures-query.ts'
import { FailuresPage } from '../../../src/admin/pages/failures-page.tsx'
import { AcknowledgePreviewPage } from '../../../src/admin/pages/preview-pages.tsx'
import { readText } from '../../support/html.ts'

const operator = { keyName: 'operator', isLocal: false, csrfToken: 'token' }
const query = readFailuresQuery(new URLSearchParams('q=IMG_'))
const selection = { kind: 'all', filter: filterOf(query), query } as const

test.each([
  [25_000, true, true],
  [10_000, true, false],
  [10_000, false, true],
])(
  'the preview of %i runs (all counted: %s) offers to acknowledge 10,000, and asks to repeat for the rest: %s',
  async (total, isComplete, hasMore) => {
    const preview = { total, isComplete }
    const text = readText(await html`${AcknowledgePreviewPage({ operator, selection, preview })}`)
    expect(text).toContain('Acknowledge 10,000 runs?')
    expect(text.includes('Repeat for the rest')).toBe(hasMore)
  },
)

test.each([
  [1, 'It is removed from open failures. Its status stays. The filter “Acknowledged” finds it'],
  [2, 'They are removed from open failures. Their status stays. The filter “Acknowledged” finds them'],
])('the preview of %i runs explains the effect', async (total, sentence) => {
  const preview = { total, isComplete: true }
  const text = readText(await html`${AcknowledgePreviewPage({ operator, selection, preview })}`)
  expect(text).toContain(sentence)
})

test('an empty page reports that nothing was found only if it is the last page', async () => {
  const page = async (older: string | null) => {
    const list = { runs: [], newest: null, older }
    const matching = { groups: [], total: 0, isComplete: true }
    return readText(await html`${FailuresPage({ operator, query, groups: [], matching, list })}`)
  }
  expect(await page('/admin/failures?cursor=MQ')).toContain('No match so far')
  expect(await page(null)).toMatch(/No runs found Enter a complete id/)
})
