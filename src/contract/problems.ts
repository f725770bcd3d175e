import { z } from 'zod'

/** RFC 9457, `application/problem+json`. */
export const problemSchema = z.object({
  /** `PUBLIC_URL/problems/CODE`. */
  type: z.url(),
  code: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  detail: z.string(),
  requestId: z.string(),
  /** For an invalid request: what is wrong with each field. */
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
})

/** An error of the routes that ImageKit's clients use, in the shape of ImageKit's errors. */
export const imagekitErrorSchema = z.object({ message: z.string(), help: z.string() })

export const problemDescriptionSchema = z.object({ code: z.string(), status: z.int(), title: z.string() })
