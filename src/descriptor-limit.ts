import { z } from 'zod'

const reportSchema = z.object({ userLimits: z.object({ open_files: z.object({ soft: z.number() }) }) })

let cached: number | undefined

/**
 * How many files and connections this process may have open; infinite if there is no limit, or none is reported, as on Windows.
 * This is the soft limit, which Node raises to the hard limit at startup. Node has it only in its diagnostic report, which takes
 * some milliseconds, so the limit is cached.
 */
export function readDescriptorLimit(): number {
  if (cached === undefined) {
    // Otherwise making the report looks up the host name of every connected peer.
    Object.assign(process.report ?? {}, { excludeNetwork: true })
    const report = reportSchema.safeParse(process.report?.getReport())
    cached = report.success ? report.data.userLimits.open_files.soft : Number.POSITIVE_INFINITY
  }
  return cached
}
