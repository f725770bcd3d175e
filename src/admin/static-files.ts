import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** The names of the files in `static/css`, in the order in which they are applied. */
const STYLESHEETS = [
  'tokens',
  'base',
  'layout',
  'header',
  'forms',
  'navigation',
  'messages',
  'badges',
  'tables',
  'overview',
  'details',
  'timeline',
]

type StaticFile = { href: string; type: string; content: string }

/** The files that every page loads. The stylesheets are joined, so that a page needs only one request for them. */
export const STATIC_FILES = {
  stylesheet: staticFile(
    'admin.css',
    'text/css; charset=utf-8',
    STYLESHEETS.map((name) => read(`css/${name}.css`)).join('\n'),
  ),
  script: staticFile('live.js', 'text/javascript; charset=utf-8', read('live.js')),
  icon: staticFile('icon.svg', 'image/svg+xml', read('icon.svg')),
}

/** The file with this `href`, which includes the hash. */
export function findStaticFile(path: string): StaticFile | undefined {
  return Object.values(STATIC_FILES).find(({ href }) => href === path)
}

/** The path contains a hash of the content, so the file can be cached forever. */
function staticFile(name: string, type: string, content: string): StaticFile {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16)
  return { href: `/admin/static/${hash}/${name}`, type, content }
}

function read(name: string): string {
  return readFileSync(new URL(`./static/${name}`, import.meta.url), 'utf8')
}
