import { existsSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import GithubSlugger from 'github-slugger'
import { expect, test } from 'vitest'
import { PAGES, ROOT, textOf } from './pages.ts'

test('every relative link in a document leads to a file of the project, and its anchor to a heading', () => {
  const links = PAGES.flatMap((page) => linksOf(page).map((link) => ({ page, link })))
  expect(links.length).toBeGreaterThan(100)
  const broken = links.filter(({ page, link }) => !leadsSomewhere(page, link))
  expect(broken.map(({ page, link }) => `${page}: ${link}`)).toEqual([])
})

/** The text of a page without code, in which brackets are not links and `#` starts no heading. */
function proseOf(page: string): string {
  return textOf(page)
    .replace(/^ *```[^]*?^ *```$/gm, '')
    .replace(/<!--[^]*?-->/g, '')
}

/** The targets of inline links and images, of reference definitions and of HTML, without those of other sites. */
function linksOf(page: string): string[] {
  const text = proseOf(page).replace(/`[^`\n]*`/g, '')
  return [...text.matchAll(/\]\(<?([^)\s>]+)|^\[[^\]]+\]: (\S+)|\b(?:href|src)="([^"]+)"/gm)]
    .map(([, inline, reference, html]) => inline ?? reference ?? html ?? '')
    .filter((link) => !/^[a-z]+:/.test(link))
}

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', anchor] = decodeURI(link).split('#')
  const target = path === '' ? page : normalize(join(dirname(page), path))
  if (target.startsWith('..') || !existsSync(ROOT + target)) return false
  if (anchor === undefined) return true
  return !statSync(ROOT + target).isDirectory() && anchorsOf(target).includes(anchor)
}

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(page: string): string[] {
  const slugger = new GithubSlugger()
  return [...proseOf(page).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    slugger.slug(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')),
  )
}
