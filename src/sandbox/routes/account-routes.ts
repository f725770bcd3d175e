import { Hono } from 'hono'
import { fieldChangeSchema, type MetadataFields, newFieldSchema } from '../account/metadata-fields.ts'
import { findSavedExtension, SAVED_EXTENSIONS } from '../account/saved-extensions.ts'
import { badRequest } from '../api-error.ts'
import type { PrivateKey } from '../auth/private-key.ts'
import { objectIdParam, readBody, requireKey } from './json-request.ts'

type Dependencies = { fields: MetadataFields; privateKey: PrivateKey }

/** Custom metadata fields and saved extensions, which belong to the account and not to a file. */
export function accountRoutes({ fields, privateKey }: Dependencies): Hono {
  const authenticate = requireKey(privateKey)
  return new Hono()
    .get('/v1/customMetadataFields', authenticate, (c) =>
      c.json(fields.list(c.req.query('includeDeleted') === 'true')),
    )
    .post('/v1/customMetadataFields', authenticate, async (c) =>
      c.json(await fields.create(await readBody(c, newFieldSchema)), 201),
    )
    .patch('/v1/customMetadataFields/:id', authenticate, async (c) =>
      c.json(await fields.update(objectIdParam(c, 'id'), await readBody(c, fieldChangeSchema))),
    )
    .delete('/v1/customMetadataFields/:id', authenticate, async (c) => {
      await fields.remove(objectIdParam(c, 'id'))
      return c.body(null, 204)
    })
    .get('/v1/saved-extensions', authenticate, (c) => c.json(SAVED_EXTENSIONS))
    .get('/v1/saved-extensions/:id', authenticate, (c) => {
      const saved = findSavedExtension(c.req.param('id'))
      if (saved === undefined) throw badRequest('Invalid saved extension ID.')
      return c.json(saved)
    })
}
