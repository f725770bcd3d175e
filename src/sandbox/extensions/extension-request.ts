import { z } from 'zod'
import { findSavedExtension } from '../account/saved-extensions.ts'
import { invalidParameter } from '../api-error.ts'
import type { Scenario } from '../scenario.ts'

const actionSchema = z.object({
  add_tags: z.array(z.string()).optional(),
  remove_tags: z.array(z.string()).optional(),
  set_metadata: z.array(z.object({ field: z.string(), value: z.unknown() })).optional(),
  unset_metadata: z.array(z.object({ field: z.string() })).optional(),
})

const selectionFields = {
  instruction: z.string().min(1).max(2000),
  min_selections: z.number().int().min(0).optional(),
  max_selections: z.number().int().min(1).optional(),
}

const taskSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('select_tags'),
    ...selectionFields,
    vocabulary: z.array(z.string()).min(1).max(30).optional(),
  }),
  z.object({
    type: z.literal('select_metadata'),
    ...selectionFields,
    field: z.string().min(1),
    vocabulary: z
      .array(z.union([z.string(), z.number(), z.boolean()]))
      .min(1)
      .max(30)
      .optional(),
  }),
  z.object({
    type: z.literal('yes_no'),
    instruction: z.string().min(1).max(2000),
    on_yes: actionSchema.optional(),
    on_no: actionSchema.optional(),
    on_unknown: actionSchema.optional(),
  }),
])

const taggerFields = {
  minConfidence: z.number().min(0).max(100).optional(),
  maxTags: z.number().min(0).optional(),
}

// Only the options that ImageKit itself interprets are checked. ImageKit passes others on to the service behind the extension, so
// the sandbox ignores them. A missing required option gets a default.
const knownSchema = z.discriminatedUnion('name', [
  z.object({
    name: z.literal('remove-bg'),
    options: z
      .looseObject({ bg_color: z.string().optional(), bg_image_url: z.string().optional() })
      .refine((options) => !options.bg_color || !options.bg_image_url, 'bg_color excludes bg_image_url')
      .optional(),
  }),
  z.object({ name: z.literal('google-auto-tagging'), ...taggerFields }),
  z.object({ name: z.literal('aws-auto-tagging'), ...taggerFields }),
  z.object({ name: z.literal('ai-auto-description') }),
  z.object({ name: z.literal('ai-tasks'), tasks: z.array(taskSchema).min(1).max(10).optional() }),
])

const namedSchema = z.looseObject({ name: z.string().min(1) })
const savedSchema = z.object({ name: z.literal('saved-extension'), id: z.string().min(1) })

export type AiTask = z.infer<typeof taskSchema>
export type AiTaskAction = z.infer<typeof actionSchema>
export type KnownExtension = z.infer<typeof knownSchema>

/**
 * One extension to run. For a saved extension, `requestedName` is `saved-extension` and `name` the extension that its id stands for;
 * otherwise they are equal.
 */
export type ExtensionRequest = {
  name: string
  requestedName: string
  /** Null: the sandbox does not know the name, so the extension has no effect. */
  extension: KnownExtension | null
}

/** The extensions that one upload or update requests, and the scenario for them. */
export type ExtensionJob = {
  fileId: string
  extensions: readonly ExtensionRequest[]
  scenario: Scenario
  webhookUrl: string | undefined
}

const KNOWN_NAMES: readonly string[] = knownSchema.options.flatMap((option) => [...option.shape.name.values])

/** Parses the `extensions` array of an upload or an update. If a name is listed twice, the first entry counts. */
export function parseExtensions(value: unknown): ExtensionRequest[] {
  const list = z.array(namedSchema).safeParse(value)
  if (!list.success) throw invalidParameter('extensions')
  const requests = list.data.map(parseExtension)
  return requests.filter(({ name }, index) => requests.findIndex((other) => other.name === name) === index)
}

function parseExtension(item: { name: string }): ExtensionRequest {
  if (item.name === 'saved-extension') {
    const reference = savedSchema.safeParse(item)
    const saved = reference.success ? findSavedExtension(reference.data.id) : undefined
    if (saved === undefined) throw invalidParameter('extensions', 'Invalid saved extension ID.')
    const extension = knownSchema.parse(saved.config)
    return { name: extension.name, requestedName: item.name, extension }
  }
  if (!KNOWN_NAMES.includes(item.name)) return { name: item.name, requestedName: item.name, extension: null }
  const extension = knownSchema.safeParse(item)
  if (!extension.success) throw invalidParameter('extensions', `Invalid ${item.name} configuration.`)
  return { name: item.name, requestedName: item.name, extension: extension.data }
}
