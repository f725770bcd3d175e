import { z } from 'zod'
import { fileFactsSchema } from './file-facts.ts'

const aiTagSchema = z.object({ name: z.string(), confidence: z.number(), source: z.string() })

export const customMetadataSchema = z.record(z.string(), z.unknown())

/** One version of a file: its bytes and all settable details. Times are RFC 3339, UTC. */
export const fileVersionSchema = z.object({
  versionId: z.string(),
  number: z.number().int().positive(),
  tags: z.array(z.string()).nullable(),
  aiTags: z.array(aiTagSchema).nullable(),
  isPrivateFile: z.boolean(),
  isPublished: z.boolean(),
  customCoordinates: z.string().nullable(),
  customMetadata: customMetadataSchema,
  description: z.string().nullable(),
  facts: fileFactsSchema,
  createdAt: z.string(),
  updatedAt: z.string(),
})

export type AiTag = z.infer<typeof aiTagSchema>
export type CustomMetadata = z.infer<typeof customMetadataSchema>
export type FileVersion = z.infer<typeof fileVersionSchema>
