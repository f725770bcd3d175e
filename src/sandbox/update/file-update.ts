import { z } from 'zod'
import { ApiError, badRequest, invalidParameter } from '../api-error.ts'
import { checkCustomCoordinates } from '../custom-coordinates.ts'
import { type ExtensionRequest, parseExtensions } from '../extensions/extension-request.ts'
import { type CustomMetadata, customMetadataSchema } from '../library/file-version.ts'
import { checkTags } from '../tags.ts'
import { checkWebhookUrl } from '../webhooks/webhook-url.ts'

/** An update of details: undefined means not sent, null unsets. */
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

/** An update of the publication status, of the current version or of all. */
export type PublishUpdate = { kind: 'publish'; isPublished: boolean; includeFileVersions: boolean }

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
    throw new ApiError(400, 'Invalid custom metadata.', { customMetadata: 'It should be an object.' })
  }
  return parsed.data
}
