import { describeLoadFailure, MissingPackageError } from '../domain/missing-package.ts'

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
    describeLoadFailure('sharp, which decodes and renders images', sharp),
    describeLoadFailure('exifreader, which reads Exif, IPTC and XMP metadata', exifreader),
    describeLoadFailure('file-type, which detects the type of a file from its bytes', fileType),
  ]
  throw new MissingPackageError(
    `The sandbox and the demo need optional packages that can't be loaded:\n${problems.join('')}Install them with: npm install sharp exifreader file-type`,
  )
}
