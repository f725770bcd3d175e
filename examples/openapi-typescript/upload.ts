// Uploads a file through the tracker, and waits until its extensions are final. Every path, parameter and field is checked against the
// types that are generated from the tracker's description of its API.
// Usage: node upload.js FILE [TAG…]
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import createClient from 'openapi-fetch'
import type { components, paths } from './tracker.js'

const { TRACKER_URL = '', TRACKER_API_KEY = '' } = process.env
const [path = '', ...tags] = process.argv.slice(2)

const tracker = createClient<paths>({
  baseUrl: TRACKER_URL,
  headers: { Authorization: `Bearer ${TRACKER_API_KEY}` },
})

const { data, error } = await tracker.POST('/api/v1/files/upload', {
  body: {
    // ImageKit accepts the bytes, their base64, or a URL.
    file: (await readFile(path)).toString('base64'),
    fileName: basename(path),
    tags: tags.join(','),
    extensions: JSON.stringify([
      { name: 'remove-bg' },
      { name: 'aws-auto-tagging', minConfidence: 70, maxTags: 10 },
    ]),
  },
  bodySerializer: toForm,
})
// ImageKit returns no fileId if it rejects or queues the upload.
if (data?.fileId === undefined) throw new Error(JSON.stringify(error ?? data))
console.log('uploaded', data.fileId)

const asset = await waitFor(data.fileId)
for (const { name, status } of asset.extensions) console.log(name, status)
process.exitCode = asset.status === 'success' ? 0 : 1

async function waitFor(fileId: string): Promise<components['schemas']['AssetStatus']> {
  for (;;) {
    // The response comes as soon as nothing is pending, or else after 30 seconds.
    const { data, error } = await tracker.GET('/assets/{fileId}/status', {
      params: { path: { fileId }, query: { wait: 30 } },
    })
    if (error) throw new Error(error.detail)
    if (data.status !== 'pending') return data
  }
}

function toForm(body: { [name: string]: unknown }): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(body)) form.set(name, String(value))
  return form
}
