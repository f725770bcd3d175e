import { z } from 'zod'

const reportSchema = z.object({ userLimits: z.object({ open_files: z.object({ soft: z.number() }) }) })

let known: number | undefined

/**
 * How many files and connections this process may have open; infinite where the system sets no limit. Node raises its own
 * limit to the highest allowed at startup. A report is the only portable source, and takes some milliseconds.
 */
export function readDescriptorLimit(): number {
  if (known === undefined) {
    // Without this it looks up the name of every peer.
    Object.assign(process.report ?? {}, { excludeNetwork: true })
    const report = reportSchema.safeParse(process.report?.getReport())
    known = report.success ? report.data.userLimits.open_files.soft : Number.POSITIVE_INFINITY
  }
  return known
}
