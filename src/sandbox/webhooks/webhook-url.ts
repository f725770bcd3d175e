import { invalidParameter } from '../api-error.ts'

export function checkWebhookUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) throw invalidParameter('webhookUrl')
  return text
}
