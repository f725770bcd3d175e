// Your backend: registers uploads at the tracker, and signs them for ImageKit. The page then uploads to ImageKit directly.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import ImageKit from '@imagekit/nodejs'
import { createClient } from 'imagekit-extension-tracker/client'

const {
  TRACKER_URL,
  TRACKER_API_KEY,
  IMAGEKIT_PRIVATE_KEY,
  IMAGEKIT_PUBLIC_KEY,
  IMAGEKIT_UPLOAD_URL = 'https://upload.imagekit.io',
  PORT = '8080',
} = process.env

const imagekit = new ImageKit({ privateKey: IMAGEKIT_PRIVATE_KEY })
const tracker = createClient({ url: TRACKER_URL, key: TRACKER_API_KEY })
const EXTENSIONS = [{ name: 'remove-bg' }, { name: 'aws-auto-tagging', minConfidence: 70, maxTags: 10 }]

/** What the page needs for one upload. Both keys stay here: the page gets a signature and tokens for this upload only. */
async function prepareUpload({ fileName }) {
  const { submissionId, webhookUrl, statusUrl } = await tracker.register({ extensions: EXTENSIONS, fileName })
  const { token, expire, signature } = imagekit.helper.getAuthenticationParameters()
  const extensions = JSON.stringify(EXTENSIONS)
  return {
    submissionId,
    statusUrl,
    uploadUrl: `${IMAGEKIT_UPLOAD_URL}/api/v1/files/upload`,
    fields: { publicKey: IMAGEKIT_PUBLIC_KEY, token, expire, signature, extensions, webhookUrl },
  }
}

const FILES = { '/': ['index.html', 'text/html'], '/page.js': ['page.js', 'text/javascript'] }

/** The client library has no dependencies and no build step, so the page can load its modules as they are. */
const CLIENT = new URL('.', import.meta.resolve('imagekit-extension-tracker/client'))

function findFile(path) {
  const [, module] = /^\/client\/([\w-]+\.js)$/.exec(path) ?? []
  if (module) return [new URL(module, CLIENT), 'text/javascript']
  const [name, type] = FILES[path] ?? []
  return name && [new URL(name, import.meta.url), type]
}

const server = createServer(async (request, response) => {
  try {
    const { pathname, searchParams } = new URL(request.url, 'http://localhost')
    if (request.method === 'POST' && pathname === '/uploads') {
      // Check here who the user is: whoever gets this response can upload a file to your account.
      const upload = await prepareUpload({ fileName: searchParams.get('fileName') })
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(upload))
      return
    }
    const [file, type] = findFile(pathname) ?? []
    if (file === undefined) {
      response.writeHead(404).end()
      return
    }
    const bytes = await readFile(fileURLToPath(file))
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(bytes)
  } catch (error) {
    console.error(error)
    response.writeHead(500).end()
  }
})
server.listen(PORT, '127.0.0.1', () => console.log(`open http://127.0.0.1:${server.address().port}/`))
