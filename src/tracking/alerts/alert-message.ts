import type { Alert } from '../../domain/alert.ts'
import { type DatabaseFault, describeFault } from '../../domain/database-fault.ts'
import { formatDuration } from '../../domain/quantities.ts'
import type { Links } from '../links.ts'
import { type AlertThresholds, MAX_COUNTED, UNKNOWN_SUBMISSIONS } from './evaluate-alerts.ts'

/**
 * The body of the POST for any alert but the database alert. Slack's incoming webhooks show `text`
 * (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks); the other fields are for programs. Slack's
 * control characters are escaped, so that an extension's name can't mention a channel.
 */
export function alertMessage(
  alert: Alert,
  thresholds: AlertThresholds,
  links: Pick<Links, 'alertedRuns' | 'rejectedDeliveries'>,
): object {
  const { kind, state, value } = alert
  const extension = alert.extension === '' ? null : alert.extension
  const url = kind === 'unknown_submission' ? links.rejectedDeliveries() : links.alertedRuns(extension)
  const rate = kind === 'unknown_submission' ? UNKNOWN_SUBMISSIONS : thresholds.failures
  const isCount = kind !== 'oldest_pending'
  return {
    text: `${escapeText(sentence(alert, thresholds))}\n${escapeText(url)}`,
    alert: kind,
    state,
    extension,
    count: isCount ? value : null,
    ageSeconds: isCount ? null : Math.floor(value / 1000),
    threshold: isCount ? rate.count : thresholds.pendingAgeMs / 1000,
    windowSeconds: isCount ? rate.withinMs / 1000 : null,
    since: new Date(alert.since).toISOString(),
    resolvedAt: alert.resolvedAt === null ? null : new Date(alert.resolvedAt).toISOString(),
    url,
  }
}

/** The body of the POST for the database alert. `fault` is the reason why the database is, or was, unavailable. */
export function databaseAlertMessage(
  { state, since, resolvedAt }: Alert,
  fault: DatabaseFault,
  links: Pick<Links, 'readiness'>,
): object {
  const url = links.readiness()
  const sentence =
    state === 'firing'
      ? `FIRING: the database is unavailable. ${describeFault(fault)}`
      : `RESOLVED: the database is available again; the alert had been firing since ${minuteOf(since)}.`
  return {
    text: `${escapeText(sentence)}\n${escapeText(url)}`,
    alert: 'database_unavailable',
    state,
    extension: null,
    count: null,
    ageSeconds: null,
    threshold: null,
    windowSeconds: null,
    since: new Date(since).toISOString(),
    resolvedAt: resolvedAt === null ? null : new Date(resolvedAt).toISOString(),
    url,
  }
}

function minuteOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function sentence({ kind, state, extension, value, since }: Alert, thresholds: AlertThresholds): string {
  const { failures, pendingAgeMs } = thresholds
  const firedAt = minuteOf(since)
  if (kind === 'failures') {
    const count = value >= MAX_COUNTED ? `at least ${value}` : String(value)
    const times = value === 1 ? 'time' : 'times'
    const within = `in the last ${formatDuration(failures.withinMs)}`
    return state === 'firing'
      ? `FIRING: ${oneLine(extension)} has failed ${count} ${times} ${within} (threshold ${failures.count}).`
      : `RESOLVED: ${oneLine(extension)} has failed ${count} ${times} ${within}; the alert had been firing since ${firedAt}.`
  }
  if (kind === 'unknown_submission') {
    const within = `in the last ${formatDuration(UNKNOWN_SUBMISSIONS.withinMs)}`
    const webhooks = value === 1 ? '1 webhook' : `${value} webhooks`
    return state === 'firing'
      ? `FIRING: ${webhooks} ${within} named a submission that is not in the database. The service may use the wrong database or an old backup.`
      : `RESOLVED: no webhook ${within} named a submission that is not in the database; the alert had been firing since ${firedAt}.`
  }
  return state === 'firing'
    ? `FIRING: the oldest pending extension has waited for ${formatDuration(value)} (threshold ${formatDuration(pendingAgeMs)}).`
    : `RESOLVED: no pending extension has waited for ${formatDuration(pendingAgeMs)} or longer; the alert had been firing since ${firedAt}.`
}

const MAX_NAME_LENGTH = 100

/** An extension's name may be any text: puts it on one line, without control characters, and truncates it. */
function oneLine(name: string): string {
  const line = name.replace(/[\p{C}\p{Z}]+/gu, ' ')
  const characters = Array.from(line)
  return characters.length <= MAX_NAME_LENGTH ? line : `${characters.slice(0, MAX_NAME_LENGTH - 1).join('')}…`
}

function escapeText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}
