import type { RunStatus } from './asset-status.ts'
import { describeError, type Paint } from './asset-text.ts'
import type { DemoImage } from './demo-images.ts'
import type { DemoServers } from './demo-servers.ts'
import type { SentUpload } from './send-upload.ts'

/** How one image went: what the upload's answer said of each extension, and how each ended. */
export type DemoResult = {
  image: DemoImage
  sent: SentUpload
  first: { readonly [extension: string]: string }
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
  const error = describeError(run.error)
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
  const ends = results.flatMap(({ last }) => Object.values(last))
  const count = (status: string) => ends.filter((end) => end === status).length
  return `${results.length} files, ${ends.length} extensions: ${count('success')} success, ${count('failed')} failed, ${count('pending')} pending`
}

/** What went otherwise than the demo is made for; one sentence each. */
export function findSurprises(results: readonly DemoResult[]): string[] {
  return results.flatMap(({ image, first, last }) =>
    Object.entries(image.expected).flatMap(([name, expected]) => {
      const [began, ended] = [first[name] ?? 'unknown', last[name] ?? 'unknown']
      const told = `${image.fileName}: ${name} went from ${began} to ${ended}`
      return began === 'pending' && ended === expected ? [] : [`${told}, not from pending to ${expected}.`]
    }),
  )
}

export function pagesUrl(serviceUrl: string): string {
  return `${serviceUrl}/admin`
}

/** What a person can open, then the variables with which commands and scripts find the servers. */
export function addressLines(
  { serviceUrl, sandboxUrl }: Pick<DemoServers, 'serviceUrl' | 'sandboxUrl'>,
  results: readonly DemoResult[],
): string {
  const cutOut = results.find(({ last }) => last['remove-bg'] === 'success')
  const failed = results.find(({ last }) => Object.values(last).includes('failed'))
  const addresses: [string, string | null | undefined][] = [
    ['the cut-out', cutOut?.sent.answer.url],
    ['its status', cutOut?.sent.statusUrl],
    ['the failed one', failed?.sent.statusUrl],
    ['the pages', pagesUrl(serviceUrl)],
    ['health', `${serviceUrl}/healthz`],
  ]
  const lines = addresses.flatMap(([label, url]) => (url ? [`  ${label.padEnd(14)}  ${url}`] : []))
  const variables = [`TRACKER_URL=${serviceUrl}`, `IMAGEKIT_API_URL=${sandboxUrl}`]
  return [...lines, '', 'For commands and scripts:', ...variables.map((line) => `  ${line}`)].join('\n')
}
