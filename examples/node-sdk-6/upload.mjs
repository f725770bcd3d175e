// Uploads a file through the tracker, and waits until its extensions are final.
// Usage: node upload.mjs FILE [TAG…]
import { createReadStream } from 'node:fs'
import { basename } from 'node:path'
import ImageKit from 'imagekit'
import { createClient } from 'imagekit-extension-tracker/client'

const { TRACKER_URL, TRACKER_API_KEY } = process.env
const [path, ...tags] = process.argv.slice(2)

const imagekit = new ImageKit({
  privateKey: TRACKER_API_KEY,
  uploadEndpoint: `${TRACKER_URL}/api/v1/files/upload`,
  // Required by the SDK, but uploads don't use them.
  publicKey: 'unused',
  urlEndpoint: 'https://ik.imagekit.io/unused',
})
const tracker = createClient({ url: TRACKER_URL, key: TRACKER_API_KEY })

const { fileId, extensionStatus } = await imagekit.upload({
  file: createReadStream(path),
  fileName: basename(path),
  tags,
  extensions: [{ name: 'remove-bg' }, { name: 'aws-auto-tagging', minConfidence: 70, maxTags: 10 }],
})
console.log('uploaded', fileId, extensionStatus)

const asset = await tracker.waitFor(fileId)
for (const { name, status, error } of asset.extensions) console.log(name, status, error?.message ?? '')
process.exitCode = asset.status === 'success' ? 0 : 1
