import { z } from 'zod'
import { badRequest } from '../api-error.ts'
import type { FileFacts } from '../library/library-file.ts'
import { parseJsonText } from './shared-parameters.ts'

const MAX_POST_TRANSFORMATIONS = 5

const transformationSchema = z.strictObject({
  pre: z.string().min(1).optional(),
  post: z
    .array(
      z.discriminatedUnion('type', [
        z.strictObject({ type: z.literal('transformation'), value: z.string().min(1) }),
        z.strictObject({ type: z.literal('gif-to-video'), value: z.string().optional() }),
        z.strictObject({ type: z.literal('thumbnail'), value: z.string().optional() }),
        z.strictObject({
          type: z.literal('abs'),
          value: z.string().min(1),
          protocol: z.enum(['hls', 'dash']),
        }),
      ]),
    )
    .max(MAX_POST_TRANSFORMATIONS)
    .optional(),
})

export type UploadTransformation = z.infer<typeof transformationSchema>

export function parseTransformation(text: string): UploadTransformation {
  const parsed = transformationSchema.safeParse(parseJsonText(text))
  if (!parsed.success) {
    throw badRequest('The file could not be uploaded because the transformation field is invalid.')
  }
  return parsed.data
}

/**
 * True for a pre-transformation of a video, which ImageKit queues with a 202 response. Throws if the file's type doesn't allow the
 * transformation. The sandbox transforms no files.
 */
export function isQueuedTransformation(
  { pre, post = [] }: UploadTransformation,
  { mime }: FileFacts,
): boolean {
  if (pre === undefined && post.length === 0) return false
  const isVideo = mime.startsWith('video/')
  if (!isVideo && !mime.startsWith('image/')) {
    throw badRequest(
      'The file could not be uploaded because transformations are supported only for image and video files.',
    )
  }
  const fits = post.every(({ type }) => {
    if (type === 'abs') return isVideo
    return type !== 'gif-to-video' || mime === 'image/gif'
  })
  if (!fits) {
    throw badRequest(
      'The file could not be uploaded because the detected file type & post-transformation are incompatible.',
    )
  }
  return isVideo && pre !== undefined
}
