// Uploads a file through the tracker, and waits until its extensions are final.
// Usage: node upload.mjs FILE [TAG…]
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import ImageKit from '@imagekit/nodejs'
import { createClient } from 'imagekit-extension-tracker/client'

const { TRACKER_URL, TRACKER_API_KEY } = process.env
const [path, ...tags] = process.argv.slice(2)

const imagekit = new ImageKit({ privateKey: TRACKER_API_KEY, baseURL: TRACKER_URL })
const tracker = createClient({ url: TRACKER_URL, key: TRACKER_API_KEY })

const { data, response } = await imagekit.files
  .upload({
    file: createReadStream(path),
    fileName: basename(path),
    tags,
    extensions: [{ name: 'remove-bg' }, { name: 'aws-auto-tagging', minConfidence: 70, maxTags: 10 }],
  })
  .withResponse()
console.log('uploaded', data.fileId, data.extensionStatus)

// The token in this address gives access to this file's status only, so a browser may have it.
const [, statusUrl] = /<([^>]+)>; rel="status"/.exec(response.headers.get('link'))
console.log('status at', statusUrl)

const asset = await tracker.waitFor(data.fileId)
for (const { name, status, error } of asset.extensions) console.log(name, status, error?.message ?? '')
process.exitCode = asset.status === 'success' ? 0 : 1
