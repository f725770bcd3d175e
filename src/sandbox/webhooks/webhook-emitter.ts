import type { BackgroundTasks } from '../background-tasks.ts'
import type { ExtensionJob } from '../extensions/extension-request.ts'
import type { Library } from '../library/library.ts'
import { fileDetails } from '../wire/file-details.ts'
import { type ExtensionWebhook, failureWebhook, successWebhook } from './extension-webhook.ts'
import type { WebhookSender } from './webhook-sender.ts'

const COPIES_IF_DUPLICATED = 3

type Dependencies = { sender: WebhookSender; tasks: BackgroundTasks; library: Library; origin: () => string }

/**
 * Returns a function that sends the webhook of one of a job's extensions, if the job has a `webhookUrl`. The job's scenario may
 * `drop` the webhook, `duplicate` it, or send the opposite result after it (`conflict`). The function resolves after the first
 * attempt to send each of these webhooks; retries continue in the background.
 */
export function createWebhookEmitter(
  { sender, tasks, library, origin }: Dependencies,
  { webhookUrl, scenario: { webhookBehaviours } }: ExtensionJob,
): (webhook: ExtensionWebhook) => Promise<void> {
  if (webhookUrl === undefined || webhookBehaviours.has('drop')) return async () => undefined

  async function send(url: string, webhook: ExtensionWebhook): Promise<void> {
    const { settled } = await sender.send(url, webhook)
    void tasks.watch(settled)
  }

  return async (webhook) => {
    const copies = webhookBehaviours.has('duplicate') ? COPIES_IF_DUPLICATED : 1
    await Promise.all(Array.from({ length: copies }, () => send(webhookUrl, webhook)))
    if (webhookBehaviours.has('conflict')) await send(webhookUrl, opposite(webhook))
  }

  function opposite(webhook: ExtensionWebhook): ExtensionWebhook {
    const { service } = webhook
    if (webhook.status === 'SUCCESS') return failureWebhook(service, webhook.fileObject.fileId)
    // A success would contain the file. If it was deleted meanwhile, the failure is sent again.
    const file = library.findFile(webhook.fileId)
    return file === undefined ? webhook : successWebhook(service, fileDetails(origin(), file))
  }
}
