import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const TYPES = {
  'admin.css': 'text/css; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const

type StaticName = keyof typeof TYPES

type StaticFile = { href: string; type: string; content: string }

const files = new Map<StaticName, StaticFile>(
  Object.entries(TYPES).map(([name, type]) => {
    const content = readFileSync(new URL(`./static/${name}`, import.meta.url), 'utf8')
    const hash = createHash('sha256').update(content).digest('hex').slice(0, 16)
    return [name as StaticName, { href: `/admin/static/${hash}/${name}`, type, content }]
  }),
)

/** The path of a file. It contains a hash of the content, so the file can be cached forever. */
export function staticHref(name: StaticName): string {
  return files.get(name)?.href ?? ''
}

export function findStaticFile(path: string): StaticFile | undefined {
  return [...files.values()].find(({ href }) => href === path)
}
