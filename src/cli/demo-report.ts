import type { RunStatus } from './asset-status.ts'
import { formatError, type Paint } from './asset-text.ts'
import type { DemoImage } from './demo-images.ts'
import type { DemoServers } from './demo-servers.ts'
import type { SentUpload } from './send-upload.ts'

/** The result of one image. */
export type DemoResult = {
  image: DemoImage
  sent: SentUpload
  /** The statuses in the response to the upload. */
  first: { readonly [extension: string]: string }
  /** The final statuses. */
  last: { readonly [extension: string]: string }
}

export const TABLE_HEAD = row('after', 'file', 'extension', 'status')

/** One line for one change. */
export function changeLine(
  afterMs: number,
  fileName: string,
  run: Pick<RunStatus, 'name' | 'status' | 'error'>,
  from: string | undefined,
  paint: Paint,
): string {
  const change = from === undefined ? paint(run.status) : `${paint(from)} → ${paint(run.status)}`
  const error = formatError(run.error)
  return row(
    `${(afterMs / 1000).toFixed(2)} s`,
    fileName,
    run.name,
    error === '' ? change : `${change}  ${error}`,
  )
}

function row(after: string, fileName: string, extension: string, status: string): string {
  return `${after.padStart(7)}  ${fileName.padEnd(13)}  ${extension.padEnd(19)}  ${status}`
}

export function summaryLine(results: readonly DemoResult[]): string {
  const statuses = results.flatMap(({ last }) => Object.values(last))
  const count = (status: string) => statuses.filter((each) => each === status).length
  return `${results.length} files, ${statuses.length} extensions: ${count('success')} success, ${count('failed')} failed, ${count('pending')} pending`
}

/** One sentence for each extension that didn't go from pending to its expected status. */
export function findUnexpected(results: readonly DemoResult[]): string[] {
  return results.flatMap(({ image, first, last }) =>
    Object.entries(image.expected).flatMap(([name, expected]) => {
      const [from, to] = [first[name] ?? 'unknown', last[name] ?? 'unknown']
      if (from === 'pending' && to === expected) return []
      return [`${image.fileName}: ${name} went from ${from} to ${to}, not from pending to ${expected}.`]
    }),
  )
}

export function pagesUrl(serviceUrl: string): string {
  return `${serviceUrl}/admin`
}

/** The addresses to open in a browser, then the environment variables for commands and scripts. */
export function addressLines(
  { serviceUrl, sandboxUrl }: Pick<DemoServers, 'serviceUrl' | 'sandboxUrl'>,
  results: readonly DemoResult[],
): string {
  const cutOut = results.find(({ last }) => last['remove-bg'] === 'success')
  const failed = results.find(({ last }) => Object.values(last).includes('failed'))
  const addresses: [string, string | null | undefined][] = [
    ['cut-out', cutOut?.sent.response.url],
    ['its status', cutOut?.sent.statusUrl],
    ['failed upload', failed?.sent.statusUrl],
    ['admin pages', pagesUrl(serviceUrl)],
    ['health', `${serviceUrl}/healthz`],
  ]
  const lines = addresses.flatMap(([label, url]) => (url ? [`  ${label.padEnd(14)}  ${url}`] : []))
  const variables = [`TRACKER_URL=${serviceUrl}`, `IMAGEKIT_API_URL=${sandboxUrl}`]
  return [...lines, '', 'For commands and scripts:', ...variables.map((line) => `  ${line}`)].join('\n')
}
