import { rm } from 'node:fs/promises'
import { type Context, Hono } from 'hono'
import { cors } from 'hono/cors'
import { badRequest } from '../api-error.ts'
import { authenticateUpload, createUsedTokens } from '../auth/authenticate-upload.ts'
import type { PrivateKey } from '../auth/private-key.ts'
import type { ExtensionRunner } from '../extensions/extension-runner.ts'
import type { DiskStorage } from '../library/disk-storage.ts'
import { inspectFile } from '../library/inspect-file.ts'
import type { Library } from '../library/library.ts'
import { isQueuedTransformation } from '../parameters/transformation.ts'
import { parseUploadParameters } from '../parameters/upload-parameters.ts'
import type { RequestLog } from '../request-log.ts'
import { parseScenario } from '../scenario.ts'
import { resolveContent } from '../upload/file-content.ts'
import { type MultipartForm, readMultipartForm } from '../upload/multipart-form.ts'
import { placeUpload } from '../upload/place-upload.ts'
import type { Downloader } from '../upload/remote-file.ts'
import { runChecks } from '../upload/upload-checks.ts'
import { uploadResponse } from '../wire/upload-response.ts'

type Dependencies = {
  library: Library
  storage: DiskStorage
  runner: ExtensionRunner
  requests: RequestLog
  downloader: Downloader
  privateKey: PrivateKey
  clock: () => Date
  origin: () => string
}

export function uploadRoutes(dependencies: Dependencies): Hono {
  const { storage, requests, privateKey, clock } = dependencies
  const usedTokens = createUsedTokens()

  const upload = (version: 'v1' | 'v2') => async (c: Context) => {
    const partPath = storage.spoolPath()
    const contentPath = storage.spoolPath()
    try {
      const form = await readMultipartForm(c.req.raw, partPath)
      requests.addUpload(version, form, clock())
      authenticateUpload(version, c.req.header('authorization'), form.fields, {
        privateKey,
        usedTokens,
        now: clock(),
      })
      const { body, status } = await acceptUpload(dependencies, form, contentPath)
      return c.json(body, status)
    } finally {
      await Promise.all([rm(partPath, { force: true }), rm(contentPath, { force: true })])
    }
  }

  return (
    new Hono()
      // Pages of every origin upload directly to ImageKit, and read its response.
      .use('/api/*', cors())
      .post('/api/v1/files/upload', upload('v1'))
      .post('/api/v2/files/upload', upload('v2'))
  )
}

type UploadResult = { status: 200 | 202; body: Record<string, unknown> }

async function acceptUpload(
  { library, runner, downloader, origin }: Dependencies,
  form: MultipartForm,
  contentPath: string,
): Promise<UploadResult> {
  if (form.file === null) throw badRequest('Your request is missing file parameter.')
  const parameters = parseUploadParameters(form.fields)
  const scenario = parseScenario(parameters.tags ?? [])
  const spoolPath = await resolveContent({ downloader }, form.file, contentPath)
  const facts = await inspectFile(spoolPath, parameters.fileName)
  const isQueued = parameters.transformation && isQueuedTransformation(parameters.transformation, facts)
  if (parameters.checks !== undefined) runChecks(parameters.checks, parameters, facts)

  const file = await placeUpload(library, parameters, { spoolPath, facts })
  const { extensions, webhookUrl, responseFields } = parameters
  const job = { fileId: file.fileId, extensions, scenario, webhookUrl }
  if (isQueued) {
    await runner.startPending(job)
    return { status: 202, body: { message: 'The pre-transformation has been queued successfully.' } }
  }
  const extensionStatus = await runner.runNow(job)
  const body = uploadResponse(origin(), library.getFile(file.fileId), responseFields)
  await runner.startPending(job)
  return { status: 200, body: extensions.length === 0 ? body : { ...body, extensionStatus } }
}
