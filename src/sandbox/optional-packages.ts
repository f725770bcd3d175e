/** A package that the sandbox or the demo needs can't be loaded. The message says how to install it. */
export class MissingPackageError extends Error {
  override readonly name = 'MissingPackageError'
}

/**
 * Loads the packages that only the sandbox and the demo need: they are optional, and an installation of the service can omit
 * them. Throws `MissingPackageError`.
 */
export async function loadOptionalPackages() {
  const [sharp, exifreader, fileType] = await Promise.allSettled([
    import('sharp'),
    import('exifreader'),
    import('file-type'),
  ])
  if (sharp.status === 'fulfilled' && exifreader.status === 'fulfilled' && fileType.status === 'fulfilled') {
    return {
      sharp: sharp.value.default,
      exifReader: exifreader.value.default,
      fileTypeFromFile: fileType.value.fileTypeFromFile,
    }
  }
  const problems = [
    describeProblem('sharp, which decodes and renders images', sharp),
    describeProblem('exifreader, which reads Exif, IPTC and XMP metadata', exifreader),
    describeProblem('file-type, which detects the type of a file from its bytes', fileType),
  ]
  throw new MissingPackageError(
    `The sandbox and the demo need optional packages that can't be loaded:\n${problems.join('')}Install them with: npm install sharp exifreader file-type`,
  )
}

function describeProblem(description: string, result: PromiseSettledResult<unknown>): string {
  if (result.status === 'fulfilled') return ''
  const error: unknown = result.reason
  const isMissing = error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
  return `  ${description}: ${isMissing ? 'not installed' : String(error)}\n`
}
