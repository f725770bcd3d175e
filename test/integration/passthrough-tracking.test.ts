import ImageKit, { NotFoundError, toFile } from '@imagekit/nodejs'
import { expect, test } from 'vitest'
import { imageBytes } from '../support/fixture-images.ts'
import { accountEvent, deliverEvent, ikHeaders, WEBHOOK_SECRET } from '../support/signed-webhooks.ts'
import { ADMIN_KEY, IMAGEKIT_KEY, startTrackerAndSandbox } from '../support/tracker.ts'
import { statusOf } from '../support/webhooks.ts'
import { movingClock, reconcileNow, WITHOUT_RECONCILER } from './reconcile-setup.ts'

type Upload = { image?: string; extensions?: ImageKit.Extensions; tag?: string }

const REMOVE_BG = { extensions: [{ name: 'remove-bg' }] } satisfies Upload
const TAGGING = {
  extensions: [{ name: 'aws-auto-tagging', minConfidence: 0, maxTags: 5 }],
} satisfies Upload

/** `client` sends everything to the tracker, `direct` to the sandbox. Only the test reconciles, and it can move the clock. */
async function start() {
  const env = {
    ...WITHOUT_RECONCILER,
    IMAGEKIT_PASSTHROUGH: 'all',
    IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET,
    EXPIRE_AFTER: '25h',
  }
  const { clock, advance } = movingClock()
  const { tracker, sandboxUrl } = await startTrackerAndSandbox(env, { clock })
  const client = new ImageKit({ privateKey: ADMIN_KEY, baseURL: tracker.url, maxRetries: 0 })
  const direct = new ImageKit({ privateKey: IMAGEKIT_KEY, baseURL: sandboxUrl, maxRetries: 0 })
  /** Uploads a file whose extension, if any, stays pending, or behaves as the tag says. */
  const put = async (folder: string, { image = 'shirt.jpg', extensions = [], tag }: Upload = {}) => {
    const name = extensions[0]?.name
    const { fileId = '' } = await client.files.upload({
      file: await toFile(imageBytes(image), image),
      fileName: 'photo',
      folder,
      useUniqueFileName: false,
      ...(name && { extensions, tags: [`sandbox:${tag ?? `${name}=pending`}`, 'sandbox:delay=1'] }),
    })
    return fileId
  }
  const findings = async () => (await reconcileNow(tracker)).runs.map(({ finding, why }) => [finding, why])
  return { tracker, client, direct, put, findings, clock, advance }
}

test('when a folder is deleted through the tracker, the pending extensions of its files expire, and no others', async () => {
  const { tracker, client, put } = await start()
  const inside = await put('/a/b', REMOVE_BG)
  const deeper = await put('/a/b/c', REMOVE_BG)
  const outside = await put('/a', REMOVE_BG)
  const sameName = await put('/x/a/b', REMOVE_BG)
  await client.folders.delete({ folderPath: '/a/b/' })
  for (const fileId of [inside, deeper])
    await expect.poll(() => statusOf(tracker, fileId)).toMatchObject({ status: 'expired' })
  for (const fileId of [outside, sameName])
    expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'pending' })
})

test('a moved and renamed file is still followed: its extension settles by evidence when its webhook is lost', async () => {
  const { tracker, client, put } = await start()
  const fileId = await put('/a', { ...TAGGING, tag: 'webhook=drop' })
  await client.files.move({ sourceFilePath: '/a/photo', destinationPath: '/b' })
  await client.files.rename({ filePath: '/b/photo', newFileName: 'portrait' })
  await expect.poll(async () => (await client.files.get(fileId)).AITags).not.toBeNull()
  await reconcileNow(tracker)
  expect(await statusOf(tracker, fileId)).toMatchObject({
    status: 'success',
    extensions: [{ name: 'aws-auto-tagging', source: 'reconcile' }],
  })
})

test('tags that are added, and AI tags that are removed, through the tracker are no evidence', async () => {
  const { client, put, findings } = await start()
  const fileIds = [await put('/a', TAGGING)]
  await client.files.bulk.addTags({ fileIds, tags: ['Shirt'] })
  await client.files.bulk.removeAITags({ fileIds, AITags: ['Shirt'] })
  await client.files.bulk.removeTags({ fileIds, tags: ['Shirt'] })
  expect(await findings()).toEqual([['unchanged', 'The file shows no result of this extension.']])
})

test.each(['copy', 'move'] as const)(
  'a version that a %s through the tracker adds to a file is not evidence of remove-bg',
  async (method) => {
    const { tracker, client, put, findings } = await start()
    const fileId = await put('/b', REMOVE_BG)
    await put('/a', { image: 'glass.png' })
    await client.files[method]({ sourceFilePath: '/a/photo', destinationPath: '/b' })
    expect(await client.files.get(fileId)).toMatchObject({ hasAlpha: true })
    expect(await findings()).toEqual([['unchanged', expect.stringContaining('may explain it')]])
    expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'pending' })
  },
)

test('nor is one that is copied to a folder whose name ImageKit changes', async () => {
  const { client, put, findings } = await start()
  await put('/b c', REMOVE_BG)
  await put('/a', { image: 'glass.png' })
  await client.files.copy({ sourceFilePath: '/a/photo', destinationPath: './b c /' })
  expect(await findings()).toEqual([['unchanged', expect.stringContaining('may explain it')]])
})

test('nor is one that is restored through the tracker', async () => {
  const { tracker, client, direct, put, findings } = await start()
  const fileId = await put('/a')
  await direct.files.upload({
    file: await toFile(imageBytes('glass.png'), 'glass.png'),
    fileName: 'photo',
    folder: '/a',
    useUniqueFileName: false,
  })
  const [second, first] = await client.files.versions.list(fileId)
  await client.files.versions.restore(first?.versionInfo?.id ?? '', { fileId })
  const tags = ['sandbox:remove-bg=pending']
  await client.files.update(fileId, { ...REMOVE_BG, tags })
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'pending' })
  await client.files.versions.restore(second?.versionInfo?.id ?? '', { fileId })
  expect(await client.files.get(fileId)).toMatchObject({ versionInfo: { name: 'Version 2' }, hasAlpha: true })
  expect(await findings()).toEqual([['unchanged', expect.stringContaining('may explain it')]])
})

test('nor is one that is copied after the extension has expired', async () => {
  const { tracker, client, put, findings, clock, advance } = await start()
  const fileId = await put('/b', REMOVE_BG)
  await put('/a', { image: 'glass.png' })
  advance(26 * 3_600_000)
  expect(await findings()).toMatchObject([['timed_out', expect.any(String)]])
  await client.files.copy({ sourceFilePath: '/a/photo', destinationPath: '/b' })
  const event = accountEvent('file-version-created', { id: 'evt_1', data: { fileId } })
  await deliverEvent(tracker, event, ikHeaders(event, { at: clock() }))
  expect(await findings()).toEqual([['unchanged', expect.stringContaining('may explain it')]])
  expect(await statusOf(tracker, fileId)).toMatchObject({ status: 'expired' })
})

test('a request that restores a version of a file without such extensions registers nothing', async () => {
  const { tracker, client, put } = await start()
  const absent = '0'.repeat(24)
  await expect(client.files.versions.restore(absent, { fileId: absent })).rejects.toThrow(NotFoundError)
  expect((await tracker.fetch(`/assets/${absent}/status`)).status).toBe(404)
  const fileId = await put('/a')
  const before = await statusOf(tracker, fileId)
  await client.files.versions.restore(fileId, { fileId })
  expect(await statusOf(tracker, fileId)).toEqual(before)
})

test('nor is one that a copied folder adds; but one that ImageKit did not accept explains nothing', async () => {
  const { client, direct, put, findings } = await start()
  await put('/target/a', REMOVE_BG)
  await put('/other', REMOVE_BG)
  await put('/a', { image: 'glass.png' })
  const absent = { sourceFilePath: '/absent/photo', destinationPath: '/other' }
  await expect(client.files.copy(absent)).rejects.toThrow(NotFoundError)
  await client.folders.copy({ sourceFolderPath: '/a', destinationPath: '/target' })
  await direct.files.copy({ sourceFilePath: '/a/photo', destinationPath: '/other' })
  expect(new Set((await findings()).map(([finding]) => finding))).toEqual(new Set(['evidence', 'unchanged']))
})
