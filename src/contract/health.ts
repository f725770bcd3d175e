import { z } from 'zod'
import { countSchema } from './stats.ts'

export const healthSchema = z.object({ status: z.literal('ok') })

export const readinessSchema = z.object({
  status: z.literal('ready'),
  store: z.literal('ok'),
  migrations: z.literal('ok'),
  queuedWrites: countSchema,
  imagekit: z.string(),
})
