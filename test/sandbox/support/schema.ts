import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'

type SchemaName = 'file-details' | 'updated-file-details' | 'upload' | 'folder' | 'error'

/** Validates a value against ImageKit's specification and returns the errors. `exact` allows no other property. */
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
