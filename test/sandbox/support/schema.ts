import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'

type SchemaName = 'file-details' | 'updated-file-details' | 'upload' | 'folder' | 'error'

/**
 * Validates a value against a schema of ImageKit's OpenAPI specification. Returns the errors. `exact`: the value must not have
 * top-level properties that the schema does not list.
 */
export function schemaProblems(name: SchemaName, value: unknown, exact = false): unknown[] {
  const schema: object = JSON.parse(
    readFileSync(new URL(`../../fixtures/openapi/${name}.json`, import.meta.url), 'utf8'),
  )
  const ajv = new Ajv({ allErrors: true, strict: false })
  formats.default(ajv)
  const validate = ajv.compile(exact ? { ...schema, additionalProperties: false } : schema)
  validate(value)
  return validate.errors ?? []
}
