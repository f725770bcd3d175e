type Schema = { [name: string]: unknown }

/**
 * Converts a description from OpenAPI 3.1 to 3.0, for a generator that doesn't know 3.1. Leaves out what its Python clients can't
 * handle: a map whose values are restricted.
 */
export function toOpenApi30(document: object): object {
  return { ...(convert(document) as object), openapi: '3.0.3' }
}

function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert)
  if (typeof value !== 'object' || value === null) return value
  const { type, anyOf, examples, identifier: _, propertyNames: __, ...rest } = value as Schema
  const converted = Object.fromEntries(Object.entries(rest).map(([name, inner]) => [name, convert(inner)]))
  const { const: constant, additionalProperties } = converted
  const others = Array.isArray(anyOf) ? anyOf.filter((one) => one.type !== 'null').map(convert) : []
  return {
    ...converted,
    ...(type !== undefined && {
      type: Array.isArray(type) ? type.find((one) => one !== 'null') : convert(type),
    }),
    ...(Array.isArray(type) && { nullable: true }),
    ...(others.length > 1 && { anyOf: others }),
    // Beside a reference, nothing else is allowed.
    ...(others.length === 1 && { allOf: others, nullable: true }),
    ...(constant !== undefined && { const: undefined, enum: [constant] }),
    ...(Array.isArray(examples) && { example: examples[0] }),
    ...(isSchema(additionalProperties) && {
      additionalProperties: { ...additionalProperties, enum: undefined },
    }),
  }
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null
}
