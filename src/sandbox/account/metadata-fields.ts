import { z } from 'zod'
import { createMutex } from '../../domain/mutex.ts'
import { ApiError, badRequest } from '../api-error.ts'
import type { DiskStorage } from '../library/disk-storage.ts'
import { newObjectId } from '../library/library-file.ts'

const valueSchema = z.union([z.string(), z.number(), z.boolean()])

const rulesSchema = z.object({
  selectOptions: z.array(valueSchema).optional(),
  defaultValue: z.union([valueSchema, z.array(valueSchema)]).optional(),
  isValueRequired: z.boolean().optional(),
  minValue: z.union([z.string(), z.number()]).optional(),
  maxValue: z.union([z.string(), z.number()]).optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
})

const typedRulesSchema = rulesSchema.extend({
  type: z.enum(['Text', 'Textarea', 'Number', 'Date', 'Boolean', 'SingleSelect', 'MultiSelect']),
})

export const newFieldSchema = z.object({
  name: z.string().min(1),
  label: z.string().min(1),
  schema: typedRulesSchema,
})

/** The type of a field can't be changed: ImageKit ignores it. */
export const fieldChangeSchema = z.object({
  label: z.string().min(1).optional(),
  schema: rulesSchema.optional(),
})

const storedSchema = z.array(newFieldSchema.extend({ id: z.string(), isDeleted: z.boolean() })).default([])

type StoredField = z.infer<typeof storedSchema>[number]

const DOCUMENT = 'metadata-fields'

export type MetadataFields = ReturnType<typeof createMetadataFields>

/** The custom metadata fields of the account. The values that files have for them are not checked. */
export function createMetadataFields({ storage }: { storage: DiskStorage }) {
  let fields: StoredField[] = []
  const runExclusive = createMutex()

  async function save(changed: StoredField[]): Promise<void> {
    await storage.saveDocument(DOCUMENT, changed)
    fields = changed
  }

  function getField(id: string): StoredField {
    const field = fields.find((candidate) => candidate.id === id && !candidate.isDeleted)
    if (field === undefined) throw new ApiError(404, 'No such custom metadata field exists.')
    return field
  }

  function checkLabel(label: string, own?: StoredField): void {
    if (fields.some((field) => field !== own && !field.isDeleted && field.label === label))
      throw badRequest('A custom metadata field with this label already exists.')
  }

  return {
    async open(): Promise<void> {
      fields = storedSchema.parse(await storage.readDocument(DOCUMENT))
    },

    list: (includeDeleted: boolean) =>
      fields.filter(({ isDeleted }) => includeDeleted || !isDeleted).map(describe),

    /** The name stays taken even if the field is deleted. */
    create(field: z.infer<typeof newFieldSchema>) {
      return runExclusive(async () => {
        if (fields.some(({ name }) => name === field.name))
          throw badRequest('A custom metadata field with this name already exists.')
        checkLabel(field.label)
        const created = { ...field, id: newObjectId(), isDeleted: false }
        await save([...fields, created])
        return describe(created)
      })
    },

    update(id: string, { label, schema }: z.infer<typeof fieldChangeSchema>) {
      return runExclusive(async () => {
        const field = getField(id)
        if (label === undefined && schema === undefined)
          throw badRequest('Either label or schema should be provided.')
        if (label !== undefined) checkLabel(label, field)
        const changed = {
          ...field,
          label: label ?? field.label,
          schema: schema === undefined ? field.schema : { ...schema, type: field.schema.type },
        }
        await save(fields.map((other) => (other === field ? changed : other)))
        return describe(changed)
      })
    },

    remove(id: string): Promise<void> {
      return runExclusive(async () => {
        const field = getField(id)
        await save(fields.map((other) => (other === field ? { ...field, isDeleted: true } : other)))
      })
    },
  }
}

function describe({ id, name, label, schema }: StoredField) {
  return { id, name, label, schema }
}
