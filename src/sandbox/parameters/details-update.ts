import { z } from 'zod'
import { ApiError, badRequest, invalidParameter } from '../api-error.ts'
import { type ExtensionRequest, parseExtensions } from '../extensions/extension-request.ts'
import {
  type CustomMetadata,
  currentVersion,
  customMetadataSchema,
  type FileVersion,
  type LibraryFile,
} from '../library/library-file.ts'
import { checkCustomCoordinates, checkTags, checkWebhookUrl } from './shared-parameters.ts'

/**
 * An update of details. Undefined means not sent, and null unsets. If `removeAITags`, `extensions` or `customMetadata` is not sent,
 * it is empty.
 */
export type DetailsUpdate = {
  kind: 'details'
  removeAITags: readonly string[] | 'all'
  webhookUrl: string | undefined
  extensions: ExtensionRequest[]
  tags: string[] | null | undefined
  customCoordinates: string | null | undefined
  customMetadata: CustomMetadata
  description: string | null | undefined
}

/** An update of the publication status, of the current version or of all versions. */
type PublishUpdate = { kind: 'publish'; isPublished: boolean; includeFileVersions: boolean }

const publishSchema = z.object({ isPublished: z.boolean(), includeFileVersions: z.boolean().default(false) })

/** Parses the JSON body of `PATCH /v1/files/:fileId/details`; `json` is undefined if the body is not JSON. */
export function parseFileUpdate(json: unknown): DetailsUpdate | PublishUpdate {
  const body = z.record(z.string(), z.unknown()).safeParse(json)
  if (!body.success) throw badRequest('Your request contains invalid JSON in the request body.')
  const { publish, ...details } = body.data
  if (publish === undefined) return parseDetails(details)
  if (Object.keys(details).length > 0) {
    throw badRequest(
      'Your request contains both publish and other parameters. Send them in separate requests.',
    )
  }
  return { kind: 'publish', ...parseField('publish', publishSchema, publish) }
}

function parseDetails(body: Record<string, unknown>): DetailsUpdate {
  const field = <T>(name: string, schema: z.ZodType<T>): T | undefined =>
    body[name] === undefined ? undefined : parseField(name, schema, body[name])
  const tags = field('tags', z.array(z.string()).nullable())
  checkTags(tags ?? [])
  const customCoordinates = field('customCoordinates', z.string().nullable())
  if (typeof customCoordinates === 'string') checkCustomCoordinates(customCoordinates)
  const webhookUrl = field('webhookUrl', z.string())
  if (webhookUrl !== undefined) checkWebhookUrl(webhookUrl)
  return {
    kind: 'details',
    removeAITags: field('removeAITags', z.union([z.literal('all'), z.array(z.string())])) ?? [],
    webhookUrl,
    extensions: body['extensions'] === undefined ? [] : parseExtensions(body['extensions']),
    tags: tags?.length === 0 ? null : tags,
    customCoordinates,
    customMetadata: parseCustomMetadata(body['customMetadata'] ?? {}),
    description: field('description', z.string().nullable()),
  }
}

function parseField<T>(name: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw invalidParameter(name)
  return parsed.data
}

function parseCustomMetadata(value: unknown): CustomMetadata {
  const parsed = customMetadataSchema.safeParse(value)
  if (!parsed.success) {
    throw new ApiError(400, 'Invalid custom metadata.', {
      errors: { customMetadata: 'It should be an object.' },
    })
  }
  return parsed.data
}

/** The changes of an update to the current version, before any of its extensions runs. */
export function changesOf(update: DetailsUpdate, file: LibraryFile): Partial<FileVersion> {
  const before = currentVersion(file)
  return {
    ...(update.tags !== undefined && { tags: update.tags }),
    ...(update.customCoordinates !== undefined && { customCoordinates: update.customCoordinates }),
    ...(update.description !== undefined && { description: update.description }),
    customMetadata: mergeMetadata(before.customMetadata, update.customMetadata),
    aiTags: withoutTags(before.aiTags, update.removeAITags),
  }
}

function mergeMetadata(before: CustomMetadata, change: CustomMetadata): CustomMetadata {
  const merged = Object.entries({ ...before, ...change })
  return Object.fromEntries(merged.filter(([, value]) => value !== null))
}

function withoutTags(
  tags: FileVersion['aiTags'],
  removed: DetailsUpdate['removeAITags'],
): FileVersion['aiTags'] {
  if (tags === null || removed === 'all') return null
  const kept = tags.filter(({ name }) => !removed.includes(name))
  return kept.length === 0 ? null : kept
}
