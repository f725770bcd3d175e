import { Hono } from 'hono'
import type { PrivateKey } from '../auth/private-key.ts'
import type { ExtensionRunner } from '../extensions/extension-runner.ts'
import type { Library } from '../library/library.ts'
import { currentVersion } from '../library/library-file.ts'
import { changesOf, type DetailsUpdate, parseFileUpdate } from '../parameters/details-update.ts'
import { parseJsonText } from '../parameters/shared-parameters.ts'
import type { RequestLog } from '../request-log.ts'
import { parseScenario } from '../scenario.ts'
import { listFiles } from '../search/file-listing.ts'
import { fileDetails } from '../wire/file-details.ts'
import { legacyMetadata } from '../wire/upload-response.ts'
import { objectIdParam, requireKey } from './json-request.ts'

type Dependencies = {
  library: Library
  runner: ExtensionRunner
  requests: RequestLog
  privateKey: PrivateKey
  clock: () => Date
  origin: () => string
}

export function fileRoutes({ library, runner, requests, privateKey, clock, origin }: Dependencies): Hono {
  const authenticate = requireKey(privateKey)

  async function updateDetails(fileId: string, update: DetailsUpdate) {
    const before = library.getFile(fileId)
    const { extensions, webhookUrl } = update
    // The tags after the update count: those that it sets or, if it does not change them, the present ones.
    const scenario = parseScenario(
      update.tags ?? (update.tags === null ? [] : (currentVersion(before).tags ?? [])),
    )
    await library.update(fileId, (file) => changesOf(update, file))
    const job = { fileId, extensions, scenario, webhookUrl }
    const extensionStatus = await runner.runNow(job)
    const details = fileDetails(origin(), library.getFile(fileId))
    await runner.startPending(job)
    return extensions.length === 0 ? details : { ...details, extensionStatus }
  }

  return new Hono()
    .get('/v1/files', authenticate, (c) =>
      c.json(listFiles(library.listFiles(), c.req.query(), origin(), library.folders.list)),
    )
    .get('/v1/files/:fileId/details', authenticate, (c) =>
      c.json(fileDetails(origin(), library.getFile(objectIdParam(c, 'fileId')))),
    )
    .get('/v1/files/:fileId/metadata', authenticate, (c) =>
      c.json(legacyMetadata(currentVersion(library.getFile(objectIdParam(c, 'fileId'))).facts)),
    )
    .patch('/v1/files/:fileId/details', authenticate, async (c) => {
      const fileId = objectIdParam(c, 'fileId')
      const body = parseJsonText(await c.req.text())
      requests.addUpdate({ fileId, receivedAt: clock(), body })
      // A missing file is reported even if the body is invalid.
      library.getFile(fileId)
      const update = parseFileUpdate(body)
      if (update.kind === 'details') return c.json(await updateDetails(fileId, update))
      const file = await library.setPublished(fileId, update.isPublished, update.includeFileVersions)
      return c.json(fileDetails(origin(), file))
    })
    .delete('/v1/files/:fileId', authenticate, async (c) => {
      await library.remove(objectIdParam(c, 'fileId'))
      return c.body(null, 204)
    })
}
