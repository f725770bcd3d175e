import { z } from 'zod'

const reportSchema = z.object({ userLimits: z.object({ open_files: z.object({ soft: z.number() }) }) })

let cached: number | undefined

/**
 * How many files and connections this process may have open; infinite if the system sets no limit. At startup Node raises its
 * own limit to the highest allowed. A diagnostic report is the only portable source of it, and takes some milliseconds.
 */
export function readDescriptorLimit(): number {
  if (cached === undefined) {
    // Otherwise the report resolves the host name of every peer.
    Object.assign(process.report ?? {}, { excludeNetwork: true })
    const report = reportSchema.safeParse(process.report?.getReport())
    cached = report.success ? report.data.userLimits.open_files.soft : Number.POSITIVE_INFINITY
  }
  return cached
}
