import { z } from 'zod'
import { badRequest, invalidParameter } from '../api-error.ts'
import { type ExtensionRequest, parseExtensions } from '../extensions/extension-request.ts'
import { normalizeFolder, sanitizeFileName } from '../library/file-path.ts'
import { type CustomMetadata, customMetadataSchema } from '../library/library-file.ts'
import { checkCustomCoordinates, checkWebhookUrl, parseJsonText, parseTagList } from './shared-parameters.ts'
import { parseTransformation, type UploadTransformation } from './transformation.ts'

/**
 * The parameters of an upload, without the file and what authenticates it. Undefined means not sent or empty. If the upload
 * overwrites a file, undefined `tags` or `customMetadata` may keep the file's previous value (see `placeUpload`).
 */
export type UploadParameters = {
  fileName: string
  useUniqueFileName: boolean
  folder: string
  tags: string[] | null | undefined
  isPrivateFile: boolean
  isPublished: boolean
  customCoordinates: string | undefined
  responseFields: ReadonlySet<string>
  extensions: ExtensionRequest[]
  webhookUrl: string | undefined
  overwriteFile: boolean
  overwriteAITags: boolean
  overwriteTags: boolean
  overwriteCustomMetadata: boolean
  customMetadata: CustomMetadata | undefined
  transformation: UploadTransformation | undefined
  checks: string | undefined
  description: string | undefined
}

/**
 * Parses the fields of an upload form, which are texts: booleans are `true` or `false`, `tags` and `responseFields` are
 * comma-separated, and structures are JSON.
 */
export function parseUploadParameters(fields: ReadonlyMap<string, string>): UploadParameters {
  const fileName = fields.get('fileName')
  if (fileName === undefined || fileName === '')
    throw badRequest('Your request is missing fileName parameter.')
  const flag = (name: string, defaultValue: boolean) => parseFlag(name, fields.get(name), defaultValue)
  const optional = <T>(name: string, parse: (text: string) => T): T | undefined => {
    const text = fields.get(name)
    return text === undefined || text === '' ? undefined : parse(text)
  }
  return {
    fileName: sanitizeFileName(fileName),
    useUniqueFileName: flag('useUniqueFileName', true),
    folder: optional('folder', normalizeFolder) ?? '/',
    tags: optional('tags', parseTagList),
    isPrivateFile: flag('isPrivateFile', false),
    isPublished: flag('isPublished', true),
    customCoordinates: optional('customCoordinates', checkCustomCoordinates),
    responseFields: new Set(optional('responseFields', (text) => text.split(',').map((name) => name.trim()))),
    extensions: optional('extensions', (text) => parseExtensions(parseJsonText(text))) ?? [],
    webhookUrl: optional('webhookUrl', checkWebhookUrl),
    overwriteFile: flag('overwriteFile', true),
    overwriteAITags: flag('overwriteAITags', true),
    overwriteTags: flag('overwriteTags', true),
    overwriteCustomMetadata: flag('overwriteCustomMetadata', true),
    customMetadata: optional('customMetadata', parseCustomMetadata),
    transformation: optional('transformation', parseTransformation),
    checks: optional('checks', (text) => text),
    description: optional('description', (text) => text),
  }
}

const flagSchema = z.stringbool({ truthy: ['true'], falsy: ['false'] })

function parseFlag(name: string, text: string | undefined, defaultValue: boolean): boolean {
  if (text === undefined) return defaultValue
  const parsed = flagSchema.safeParse(text)
  if (!parsed.success) throw invalidParameter(name, 'It should be true or false.')
  return parsed.data
}

function parseCustomMetadata(text: string): CustomMetadata {
  const parsed = customMetadataSchema.safeParse(parseJsonText(text))
  if (!parsed.success) throw invalidParameter('customMetadata')
  return parsed.data
}
