import { invalidParameter } from '../api-error.ts'
import { createdAtOf, currentVersion, type LibraryFile } from '../library/library-file.ts'
import { evaluate, type FieldValue, parseExpression } from './expression.ts'

/**
 * Parses a `searchQuery`, such as `id IN ["a", "b"]` or `name = "x"`, into a predicate. Throws if the syntax is invalid. An unknown
 * field is an error only when the predicate compares it.
 */
export function parseSearchQuery(text: string): (file: LibraryFile) => boolean {
  const expression = parseExpression(text)
  if (expression === undefined) throw invalidParameter('searchQuery')
  return (file) =>
    evaluate(expression, (field) => {
      const value = searchableField(field, file)
      if (value === undefined) throw invalidParameter('searchQuery', `The field ${field} is not known.`)
      return value
    })
}

function searchableField(field: string, file: LibraryFile): FieldValue | undefined {
  const version = currentVersion(file)
  switch (field) {
    case 'id':
      return file.fileId
    case 'name':
      return file.name
    case 'path':
      return file.filePath
    case 'tags':
      return version.tags ?? []
    case 'type':
      return 'file'
    case 'mime':
      return version.facts.mime
    case 'size':
      return version.facts.size
    case 'width':
      return version.facts.image?.width ?? null
    case 'height':
      return version.facts.image?.height ?? null
    case 'createdAt':
      return createdAtOf(file)
    case 'updatedAt':
      return version.updatedAt
    default:
      return undefined
  }
}
