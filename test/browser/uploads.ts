import { IMAGEKIT_KEY, type RunningTracker } from '../support/tracker.ts'
import { upload } from '../support/uploads.ts'

/** Uploads a file whose extensions go as the tags say, and waits for their end. */
export async function uploadSettled(
  tracker: RunningTracker,
  fileName: string,
  extensions: readonly string[],
  tags: readonly string[] = [],
): Promise<string> {
  const answer = await upload(tracker, [
    ['file', 'hello', fileName],
    ['fileName', fileName],
    ['extensions', JSON.stringify(extensions.map(extensionOf))],
    ['tags', tags.join(',')],
    ['useUniqueFileName', 'false'],
  ])
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  const { fileId } = (await answer.json()) as { fileId: string }
  await tracker.fetch(`/assets/${fileId}/status?wait=15`)
  return fileId
}

/** From now on the file's extensions succeed. */
export async function mend(sandboxUrl: string, fileId: string): Promise<void> {
  const answer = await fetch(`${sandboxUrl}/v1/files/${fileId}/details`, {
    method: 'PATCH',
    headers: { authorization: `Basic ${btoa(`${IMAGEKIT_KEY}:`)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tags: ['mended'] }),
  })
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
}

function extensionOf(name: string) {
  return name.endsWith('-auto-tagging') ? { name, maxTags: 5, minConfidence: 50 } : { name }
}
