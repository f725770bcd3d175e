import type { BackgroundTasks } from '../background-tasks.ts'
import type { Library } from '../library/library.ts'
import type { ExtensionWebhook } from '../webhooks/extension-webhook.ts'
import type { WebhookSender } from '../webhooks/webhook-sender.ts'
import { fileDetails } from '../wire/file-details.ts'
import type { ExtensionOrder } from './extension-order.ts'
import { failureCause } from './failure-cause.ts'

const DUPLICATES = 3

type Dependencies = { sender: WebhookSender; tasks: BackgroundTasks; library: Library; origin: () => string }

/** How an order's endings are told: over when the first attempt of each webhook is over, retries go on behind. */
export function createAnnouncer(
  { sender, tasks, library, origin }: Dependencies,
  { webhookUrl, scenario: { quirks } }: ExtensionOrder,
): (ending: ExtensionWebhook) => Promise<void> {
  if (webhookUrl === undefined || quirks.has('drop')) return async () => undefined

  async function send(url: string, webhook: ExtensionWebhook): Promise<void> {
    const { settled } = await sender.send(url, webhook)
    void tasks.watch(settled)
  }

  return async (ending) => {
    const copies = quirks.has('duplicate') ? DUPLICATES : 1
    await Promise.all(Array.from({ length: copies }, () => send(webhookUrl, ending)))
    if (quirks.has('conflict')) await send(webhookUrl, opposite(ending))
  }

  function opposite(ending: ExtensionWebhook): ExtensionWebhook {
    const { service } = ending
    if (ending.status === 'SUCCESS') {
      const { fileId } = ending.fileObject
      return { service, status: 'FAILURE', fileId, error: failureCause(service) }
    }
    const file = library.findFile(ending.fileId)
    return file === undefined
      ? ending
      : { service, status: 'SUCCESS', fileObject: fileDetails(origin(), file) }
  }
}
