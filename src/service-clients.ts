import type { Config } from './config.ts'
import { createImagekitClient } from './imagekit/client.ts'
import { createFileLookup } from './imagekit/file-lookup.ts'
import { createNotificationSender } from './notify/send-notification.ts'
import type { KeyRejections } from './tracking/key-rejections.ts'

const FORM_LIMITS = { maxFieldBytes: 1024 * 1024, maxParts: 100 }

/** The HTTP clients of the service: for ImageKit, and for notifications and alerts. */
export function createClients(
  { imagekit, notifying }: Pick<Config, 'imagekit' | 'notifying'>,
  {
    clock,
    imagekitTimeoutMs,
    keyRejections,
  }: { clock: () => number; imagekitTimeoutMs?: number; keyRejections: Pick<KeyRejections, 'note'> },
) {
  return {
    imagekit: createImagekitClient({
      ...imagekit,
      formLimits: FORM_LIMITS,
      allowPrivateTargets: notifying.allowPrivateTargets,
      timeoutMs: imagekitTimeoutMs ?? 300_000,
      onStatus: keyRejections.note,
    }),
    lookup: createFileLookup({
      ...imagekit,
      timeoutMs: imagekitTimeoutMs ?? 30_000,
      clock,
      onStatus: (status) => keyRejections.note('lookup', status),
    }),
    sender: createNotificationSender({ ...notifying, clock }),
  }
}
