import { z } from 'zod'

const yesNo = z.enum(['true', 'false']).optional()
const text = z.string().optional()

/** A part of a multipart form with bytes. It is only described: the tracker streams it, and never parses it. */
const binary = z.any().meta({ type: 'string', format: 'binary' })

/**
 * ImageKit's upload form, for the API description. The tracker itself relays every field unchanged, except `webhookUrl`.
 * https://imagekit.io/docs/api-reference/upload-file/upload-file
 */
export const uploadFormSchema = z
  .looseObject({
    file: binary.describe('The file: its bytes, its base64 text, or a URL from which ImageKit downloads it.'),
    fileName: z.string(),
    extensions: text.describe('A JSON array, such as `[{"name":"remove-bg"}]`.'),
    webhookUrl: text.describe(
      "The caller's own URL, which is notified of each run that an extension webhook or evidence settles. ImageKit gets the tracker's URL in its place.",
    ),
    tags: text.describe('Comma-separated.'),
    folder: text,
    description: text,
    useUniqueFileName: yesNo,
    isPrivateFile: yesNo,
    isPublished: yesNo,
    customCoordinates: text.describe('The important area of an image, as `x,y,width,height`.'),
    customMetadata: text.describe('A JSON object.'),
    responseFields: text.describe('Further fields of the response, comma-separated.'),
    overwriteFile: yesNo,
    overwriteAITags: yesNo,
    overwriteTags: yesNo,
    overwriteCustomMetadata: yesNo,
    transformation: text.describe('A JSON object with `pre` and `post`.'),
    checks: text.describe('ImageKit rejects the upload unless this expression is true.'),
  })
  .meta({
    id: 'UploadForm',
    description:
      'The parameters of ImageKit’s upload API. ImageKit validates them; the tracker relays them unchanged, in any order.',
  })

/** The JSON body of ImageKit's update of a file, for the API description. */
export const fileUpdateSchema = z
  .looseObject({
    extensions: z.array(z.looseObject({ name: z.string() })).optional(),
    webhookUrl: z.string().optional(),
    removeAITags: z.union([z.array(z.string()), z.literal('all')]).optional(),
    tags: z.array(z.string()).nullish(),
    customCoordinates: z.string().nullish(),
    customMetadata: z.looseObject({}).optional(),
    description: z.string().optional(),
  })
  .meta({
    id: 'FileUpdate',
    description:
      'The parameters of ImageKit’s update of a file. ImageKit validates them; the tracker relays them unchanged, except `webhookUrl`.',
    examples: [{ extensions: [{ name: 'google-auto-tagging', minConfidence: 80, maxTags: 10 }] }],
  })

/** ImageKit's file object, which the tracker passes on unchanged. */
export const imagekitFileSchema = z
  .looseObject({
    fileId: z.string().optional(),
    name: z.string().optional(),
    url: z.string().optional(),
    extensionStatus: z
      .record(z.string(), z.string())
      .optional()
      .describe('The status of each extension when ImageKit responded.'),
  })
  .meta({ id: 'ImagekitFile', description: 'ImageKit’s response, unchanged.' })
