import type { CapabilityTokens } from './capability-tokens.ts'

/** The URLs of a status and of the stream of its changes. */
export type StatusUrls = { statusUrl: string; eventsUrl: string }

/** The URLs that the tracker hands out. Those for ImageKit and for browsers contain a token. */
export type Links = {
  /** For ImageKit: receives the final status of a submission's extensions. */
  webhook(submissionId: string): string
  /** For a browser: one asset. */
  asset(fileId: string): StatusUrls
  /** For a browser: one submission, or its asset once the fileId is known. */
  submission(submissionId: string, fileId: string | null): StatusUrls
  /** For an operator: the page of the runs behind an alert: an extension's open failures, or with null all pending runs. */
  alertedRuns(extension: string | null): string
  /** For an operator: the page of rejected deliveries. */
  rejectedDeliveries(): string
  /** The readiness check: says whether the service can write, and if not, why. */
  readiness(): string
  /** The URL of a submission, without a token. */
  submissionAddress(submissionId: string): string
}

/** `publicUrl` is read on each call: a port that the system chooses is known only once the service listens. */
export function createLinks(publicUrl: () => string, tokens: CapabilityTokens): Links {
  const asset = (id: string): StatusUrls => {
    const address = `${publicUrl()}/assets/${encodeURIComponent(id)}`
    const token = tokens.status.sign(id)
    return { statusUrl: `${address}/status?token=${token}`, eventsUrl: `${address}/events?token=${token}` }
  }
  return {
    webhook: (id) => `${publicUrl()}/webhooks/extension/${id}.${tokens.webhook.sign(id)}`,
    asset,
    submissionAddress: (id) => `${publicUrl()}/submissions/${id}`,
    readiness: () => `${publicUrl()}/readyz`,
    alertedRuns: (extension) => {
      const query = new URLSearchParams(extension === null ? { status: 'pending' } : { extension })
      return `${publicUrl()}/admin/failures?${query.toString()}`
    },
    rejectedDeliveries: () => `${publicUrl()}/admin/deliveries?outcome=rejected`,
    submission: (id, fileId) => {
      if (fileId !== null) return asset(fileId)
      const address = `${publicUrl()}/submissions/${id}`
      const token = tokens.submission.sign(id)
      return { statusUrl: `${address}?token=${token}`, eventsUrl: `${address}/events?token=${token}` }
    },
  }
}

/** Returns the id of the submission that a webhook token authenticates; undefined for a forged token. */
export function readWebhookToken(
  tokens: Pick<CapabilityTokens, 'webhook'>,
  token: string,
): string | undefined {
  const dot = token.indexOf('.')
  const submissionId = token.slice(0, Math.max(dot, 0))
  return tokens.webhook.verify(submissionId, token.slice(dot + 1)) ? submissionId : undefined
}
