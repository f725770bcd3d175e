import { z } from 'zod'

export type JsonSchema = { [name: string]: unknown }

/** The schemas under `components` of an OpenAPI document, by their ids. */
export type Components = { [id: string]: JsonSchema }

/** Converts a schema as the client sends or receives it. Schemas with an id become components. */
export function toJsonSchema(schema: z.ZodType, schemas: Components): JsonSchema {
  const {
    $schema: _,
    $defs = {},
    ...converted
  } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: simplify,
  }) as JsonSchema & {
    $defs?: Components
  }
  for (const [id, definition] of Object.entries($defs))
    if (!isAnyJson(id)) schemas[id] ??= toComponent(definition) as JsonSchema
  const result = toComponent(converted) as JsonSchema
  const { id } = z.globalRegistry.get(schema) ?? {}
  if (id === undefined) return result
  schemas[id] ??= result
  return { $ref: `#/components/schemas/${id}` }
}

/**
 * References to the schema's own definitions become references to the components of the document; the ids are dropped. A value that
 * may be null gets a list of types, which more generators understand than `anyOf`.
 */
function toComponent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toComponent)
  if (typeof value !== 'object' || value === null) return value
  const { $ref, id, ...rest } = nullable(value as JsonSchema)
  return {
    ...(typeof $ref === 'string' &&
      !isAnyJson($ref) && { $ref: $ref.replace('#/$defs/', '#/components/schemas/') }),
    ...(id !== undefined && typeof id !== 'string' && { id: toComponent(id) }),
    ...Object.fromEntries(Object.entries(rest).map(([name, inner]) => [name, toComponent(inner)])),
  }
}

function nullable(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema as { anyOf?: JsonSchema[] }
  const [value, other] = anyOf ?? []
  const isNullable = anyOf?.length === 2 && other?.['type'] === 'null'
  if (!isNullable || typeof value?.['type'] !== 'string') return schema
  // Null is none of these values.
  if ('enum' in value || 'const' in value) return schema
  return { ...value, type: [value['type'], 'null'], ...rest }
}

/** zod's name for a definition without an id, which only `z.json()` needs. */
function isAnyJson(id: string): boolean {
  return /(^|\/)__schema\d+$/.test(id)
}

function simplify({ zodSchema, jsonSchema }: { zodSchema: unknown; jsonSchema: JsonSchema }): void {
  // `z.json()` is any value; zod would describe it as a recursive union.
  if (zodSchema instanceof z.ZodLazy) for (const name of Object.keys(jsonSchema)) delete jsonSchema[name]
  // It repeats what the format says, in 300 characters.
  if (jsonSchema['format'] === 'date-time') delete jsonSchema['pattern']
}
