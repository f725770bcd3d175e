import { badRequest } from '../api-error.ts'
import type { FileFacts } from '../library/library-file.ts'
import type { UploadParameters } from '../parameters/upload-parameters.ts'
import { evaluate, type FieldValue, parseExpression } from '../search/expression.ts'

/**
 * Runs the `checks` of an upload, such as `"request.folder" : "marketing/" AND "file.size" < "1MB"`. Throws if they fail or are
 * invalid.
 */
export function runChecks(checks: string, parameters: UploadParameters, facts: FileFacts): void {
  const expression = parseExpression(checks)
  if (expression === undefined) throw invalidSyntax()
  const lookup = (field: string) => {
    const value = checkedField(field, parameters, facts)
    // An unknown field counts as invalid syntax.
    if (value === undefined) throw invalidSyntax()
    return value
  }
  if (!evaluate(expression, lookup)) throw badRequest("Your request failed 'checks' validation.")
}

function invalidSyntax() {
  return badRequest('Your request contains invalid syntax for the checks parameter.')
}

const CUSTOM_METADATA_PREFIX = 'request.customMetadata.'

function checkedField(
  field: string,
  { folder, tags, customMetadata, fileName, isPrivateFile }: UploadParameters,
  { size, mime, image }: FileFacts,
): FieldValue | undefined {
  if (field.startsWith(CUSTOM_METADATA_PREFIX)) {
    const value = customMetadata?.[field.slice(CUSTOM_METADATA_PREFIX.length)]
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
  }
  switch (field) {
    case 'request.folder':
      // ImageKit's documentation writes folders in checks without the leading slash.
      return [folder, folder.slice(1)]
    case 'request.tags':
      return tags ?? []
    case 'request.fileName':
      return fileName
    case 'request.isPrivateFile':
      return isPrivateFile
    case 'file.size':
      return size
    case 'file.mime':
      return mime
    case 'mediaMetadata.width':
      return image?.width ?? null
    case 'mediaMetadata.height':
      return image?.height ?? null
    default:
      return undefined
  }
}
