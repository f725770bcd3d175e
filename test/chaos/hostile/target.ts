import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { runServe } from '../../support/program.ts'
import { WEBHOOK_SECRET } from '../../support/signed-webhooks.ts'
import { ADMIN_KEY, API_KEY, temporaryDirectory } from '../../support/tracker.ts'
import { UPLOAD } from '../../support/uploads.ts'
import type { Registration } from '../../support/webhooks.ts'
import type { RandomImagekit } from './random-imagekit.ts'

export type Target = Awaited<ReturnType<typeof startTarget>>

const authorization = `Bearer ${API_KEY}`

/** The built service in its own process, between hostile clients and an ImageKit that responds at random. */
export async function startTarget(imagekit: RandomImagekit, env: { [name: string]: string } = {}) {
  const program = await runServe({
    DATABASE_URL: `file:${join(temporaryDirectory(), 'tracker.db')}`,
    IMAGEKIT_PRIVATE_KEY: 'any',
    IMAGEKIT_UPLOAD_URL: imagekit.url,
    IMAGEKIT_API_URL: imagekit.url,
    IMAGEKIT_WEBHOOK_SECRET: WEBHOOK_SECRET,
    TRACKER_API_KEY: `app:${API_KEY}`,
    TRACKER_ADMIN_KEY: `operator:${ADMIN_KEY}`,
    ...env,
  })
  const url = new URL(program.url)

  const fetchJson = async (path: string, init: { method?: string; body?: string | FormData } = {}) => {
    const response = await fetch(new URL(path, url), { ...init, headers: { authorization } })
    return { status: response.status, headers: response.headers, json: await response.json() }
  }

  return {
    url,
    fetchJson,
    pid: program.process.pid ?? 0,

    /** The service's resident memory in MiB: now, and its peak since the start. */
    memoryMib() {
      const status = readFileSync(`/proc/${program.process.pid}/status`, 'utf8')
      const read = (name: string) =>
        Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024)
      return { now: read('VmRSS'), highest: read('VmHWM') }
    },

    async register(fileId: string): Promise<Known & { webhookUrl: string }> {
      const body = JSON.stringify({ extensions: [{ name: 'remove-bg' }], fileId })
      const { json } = await fetchJson('/submissions', { method: 'POST', body })
      const { submissionId, webhookUrl, statusUrl } = json as Registration
      const statusToken = new URL(statusUrl).searchParams.get('token') ?? ''
      const submission = (await fetchJson(`/submissions/${submissionId}`)).json as {
        extensions: { runId: string }[]
      }
      return {
        fileId,
        submissionId,
        runId: submission.extensions[0]?.runId ?? '',
        webhookUrl,
        statusToken,
        webhookToken: webhookUrl.split('/').at(-1) ?? '',
      }
    },

    /** Log lines that report an error, or are not JSON, and that no documented error explains. */
    unexpectedLogLines(): string[] {
      return program
        .output()
        .split('\n')
        .filter((line) => line !== '' && !isExpected(line))
    },

    /** Expects that the process is alive, and that an upload, its webhook and its status work. From then on, ImageKit behaves. */
    async expectWorking(): Promise<void> {
      expect(program.process.exitCode ?? program.process.signalCode).toBe(null)
      imagekit.behave()
      expect(await fetchJson('/healthz')).toMatchObject({ status: 200, json: { status: 'ok' } })
      expect(await fetchJson('/readyz')).toMatchObject({ status: 200, json: { status: 'ready' } })
      const form = new FormData()
      form.append('file', new Blob(['hello']), 'shirt.jpg')
      form.append('fileName', 'shirt.jpg')
      form.append('extensions', '[{"name":"remove-bg"}]')
      const uploaded = await fetchJson(UPLOAD, { method: 'POST', body: form })
      expect(uploaded.status).toBe(200)
      const { fileId } = uploaded.json as { fileId: string }
      expect(await fetchJson(`/assets/${fileId}/status`)).toMatchObject({ json: { status: 'pending' } })
      const body = JSON.stringify({ service: 'remove-bg', status: 'SUCCESS', fileId })
      const delivered = await fetchJson(imagekit.webhookUrl(fileId), { method: 'POST', body })
      expect(delivered).toMatchObject({ status: 200, json: { outcome: 'applied' } })
      expect(await fetchJson(`/assets/${fileId}/status`)).toMatchObject({ json: { status: 'success' } })
    },
  }
}

const EXPECTED_CODES = ['imagekit_unreachable', 'imagekit_timeout', 'store_unavailable']

function isExpected(line: string): boolean {
  try {
    const { level, msg, err } = JSON.parse(line)
    return level < 50 || (msg === 'a request failed' && EXPECTED_CODES.includes(err?.code))
  } catch {
    return false
  }
}

/** The ids and tokens of one submission, all of which a legitimate caller knows. */
export type Known = {
  fileId: string
  submissionId: string
  runId: string
  webhookToken: string
  statusToken: string
}
