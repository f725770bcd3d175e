import { z } from 'zod'

/** Facts read from the bytes. `image` is null for a non-image, and for an image that cannot be decoded. */
export const fileFactsSchema = z.object({
  size: z.number().int(),
  sha256: z.string(),
  mime: z.string(),
  fileType: z.enum(['image', 'non-image']),
  image: z
    .object({
      width: z.number().int(),
      height: z.number().int(),
      hasAlpha: z.boolean(),
      format: z.string(),
      hasColorProfile: z.boolean(),
      density: z.number().nullable(),
      orientation: z.number().int().nullable(),
    })
    .nullable(),
  embeddedMetadata: z.record(z.string(), z.unknown()),
})

export type FileFacts = z.infer<typeof fileFactsSchema>
