import { IMAGEKIT_KEY, type RunningTracker } from '../support/tracker.ts'
import { upload } from '../support/uploads.ts'

/**
 * Uploads a file. Its sandbox tags, such as `sandbox:remove-bg=failed`, decide the results of its extensions. Waits up to 15 s until its
 * runs settle. Returns its fileId.
 */
export async function uploadSettled(
  tracker: RunningTracker,
  fileName: string,
  extensions: readonly string[],
  tags: readonly string[] = [],
): Promise<string> {
  const response = await upload(tracker, [
    ['file', 'hello', fileName],
    ['fileName', fileName],
    ['extensions', JSON.stringify(extensions.map(extensionOf))],
    ['tags', tags.join(',')],
    ['useUniqueFileName', 'false'],
  ])
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  const { fileId } = (await response.json()) as { fileId: string }
  await tracker.fetch(`/assets/${fileId}/status?wait=15`)
  return fileId
}

/** Replaces the file's sandbox tags with another tag, so that its extensions succeed when they are retried. */
export async function makeSucceed(sandboxUrl: string, fileId: string): Promise<void> {
  const response = await fetch(`${sandboxUrl}/v1/files/${fileId}/details`, {
    method: 'PATCH',
    headers: { authorization: `Basic ${btoa(`${IMAGEKIT_KEY}:`)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ tags: ['fixed'] }),
  })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
}

function extensionOf(name: string) {
  return name.endsWith('-auto-tagging') ? { name, maxTags: 5, minConfidence: 50 } : { name }
}
