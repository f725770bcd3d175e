// Takes the screenshots in docs/images, with the built service, the built sandbox and a real browser. It makes 50 uploads; in 12 of
// them one extension fails, for 3 causes in total.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import sharp from 'sharp'

const MAX_SCREENSHOT_BYTES = 150_000
const API_KEY = 'api-key-of-the-screenshots'
const ADMIN_KEY = 'admin-key-of-the-screenshots'
const PRIVATE_KEY = 'private_screenshots'
const IMAGES = ['mug.png', 't-shirt.png', 'landscape.jpg']
const TAGGER_OPTIONS = { minConfidence: 60, maxTags: 5 }
/** For each extension, the number of uploads in which it fails. */
const FAILING = { 'remove-bg': 6, 'aws-auto-tagging': 4, 'google-auto-tagging': 2 }
const UPLOADS = 50

const root = fileURLToPath(new URL('../', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'tracker-screenshots-'))
const children = []

try {
  const sandboxUrl = await start(
    ['sandbox', '--directory', join(directory, 'imagekit')],
    /listens on (\S+)/,
    {},
  )
  const url = await start(['serve'], /"url":"(http:[^"]+)","msg":"listening"/, {
    DATABASE_URL: `file:${join(directory, 'tracker.db')}`,
    IMAGEKIT_UPLOAD_URL: sandboxUrl,
    IMAGEKIT_API_URL: sandboxUrl,
    TRACKER_API_KEY: `shop:${API_KEY}`,
    TRACKER_ADMIN_KEY: `maria:${ADMIN_KEY}`,
  })
  for (const file of listUploads()) await upload(url, file)
  // One run stays pending: see `listUploads`.
  await waitFor(url, '/runs?status=pending', ({ runs }) => runs.length === 1)
  for (const token of ['forged', 'cut-off'])
    await fetch(`${url}/webhooks/extension/${token}`, { method: 'POST', body: '{"service":"remove-bg"}' })
  await waitFor(url, '/deliveries?outcome=rejected', ({ deliveries }) => deliveries.length === 2)
  await takeAll(url)
} finally {
  for (const child of children.toReversed()) {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  rmSync(directory, { recursive: true })
}

/** Starts a command of the built program. Resolves with the URL that it prints: the group in `pattern`. */
async function start(args, pattern, env) {
  const { PATH, HOME } = process.env
  const child = spawn(process.execPath, [join(root, 'dist/main.js'), ...args], {
    env: { PATH, HOME, PORT: '0', IMAGEKIT_PRIVATE_KEY: PRIVATE_KEY, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  let output = ''
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`${args[0]} exited:\n${output}`)))
    child.stdout.on('data', (chunk) => {
      output += chunk
      const match = pattern.exec(output)
      if (match) resolve(match[1])
    })
  })
}

/**
 * The uploads, with tags that tell the sandbox what to do. Besides the failures, one extension of the last upload stays pending, one
 * upload gets contradicting webhooks, and five of the last six get each webhook more than once.
 */
function listUploads() {
  const failingExtensions = Object.entries(FAILING).flatMap(([name, count]) =>
    Array.from({ length: count }, () => name),
  )
  return Array.from({ length: UPLOADS }, (_, index) => {
    // Spread the failures among the successes.
    const failing = index % 4 === 1 ? failingExtensions.shift() : undefined
    const image = IMAGES[index % IMAGES.length]
    const tags = [`sandbox:delay=${300 + ((index * 137) % 2500)}`]
    if (failing !== undefined) tags.push(`sandbox:${failing}=failed`)
    if (index === UPLOADS - 1) tags.push('sandbox:remove-bg=pending')
    if (index === UPLOADS - 4) tags.push('sandbox:webhook=conflict')
    else if (index > UPLOADS - 7) tags.push('sandbox:webhook=duplicate')
    return { image, fileName: image.replace('.', `-${String(index + 1).padStart(3, '0')}.`), tags }
  })
}

async function upload(url, { image, fileName, tags }) {
  const form = new FormData()
  form.append('file', new Blob([readFileSync(join(root, 'docs/images', image))]), fileName)
  form.append('fileName', fileName)
  form.append('useUniqueFileName', 'false')
  form.append('tags', tags.join(','))
  form.append(
    'extensions',
    JSON.stringify([
      { name: 'remove-bg' },
      { name: 'aws-auto-tagging', ...TAGGER_OPTIONS },
      { name: 'google-auto-tagging', ...TAGGER_OPTIONS },
    ]),
  )
  const headers = { authorization: `Bearer ${API_KEY}` }
  const response = await fetch(`${url}/api/v1/files/upload`, { method: 'POST', headers, body: form })
  if (!response.ok) throw new Error(`an upload failed with ${response.status}: ${await response.text()}`)
}

/** Repeats a request with the admin key until the response is as expected. */
async function waitFor(url, path, isExpected) {
  const headers = { authorization: `Bearer ${ADMIN_KEY}` }
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const response = await fetch(url + path, { headers })
    if (isExpected(await response.json())) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${path} did not respond as expected in time`)
}

async function takeAll(url) {
  const executablePath =
    process.env.CHROMIUM ?? execFileSync('which', ['chromium'], { encoding: 'utf8' }).trim()
  const browser = await chromium.launch({ executablePath, args: ['--disable-gpu', '--no-first-run'] })
  try {
    const context = await browser.newContext({ baseURL: url, viewport: { width: 1280, height: 900 } })
    const page = await context.newPage()
    await page.goto('/admin/sign-in')
    await page.getByLabel('Admin key').fill(ADMIN_KEY)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Overview' }).waitFor()
    await take(page, 'overview')
    await page.emulateMedia({ colorScheme: 'dark' })
    await take(page, 'overview-dark')
    await page.emulateMedia({ colorScheme: 'light' })
    await page.goto('/admin/failures')
    await take(page, 'failures')
    await page.getByRole('table').getByRole('link', { name: 'remove-bg' }).first().click()
    await page.getByRole('heading', { name: 'Request', exact: true }).waitFor()
    await take(page, 'run')
    await page.goto('/admin/deliveries')
    await take(page, 'deliveries')
  } finally {
    await browser.close()
  }
}

async function take(page, name) {
  const path = join(root, 'docs/images', `${name}.png`)
  const screenshot = await page.screenshot({ animations: 'disabled' })
  const { size } = await sharp(screenshot)
    .png({ palette: true, colours: 128, dither: 0, effort: 10, compressionLevel: 9 })
    .toFile(path)
  console.log(`${name}.png: ${Math.round(size / 1000)} kB`)
  if (size > MAX_SCREENSHOT_BYTES) throw new Error(`${path} is larger than ${MAX_SCREENSHOT_BYTES} bytes`)
}
