import { uploadAuthorizationSchema, uploadAuthQuerySchema } from '../contract/submission.ts'
import { parseExtensionsQuery } from '../imagekit/extensions-parameter.ts'
import { type AuthorizeUploadDeps, authorizeUpload } from '../tracking/uploads/authorize-upload.ts'
import { withIssues } from './parse-with.ts'
import { type Api, operation, route } from './route.ts'

/** Signs uploads of browsers. It is a GET, like the `authenticationEndpoint` of a backend that ImageKit documents. */
export function uploadAuthRoute(api: Api, deps: AuthorizeUploadDeps): void {
  const query = uploadAuthQuerySchema.extend({
    extensions: uploadAuthQuerySchema.shape.extensions.transform(withIssues(parseExtensionsQuery)),
  })
  route(api, '/upload-auth', {
    GET: operation({
      id: 'authorizeUpload',
      summary: 'Sign an upload that a browser sends directly to ImageKit, and register it',
      auth: 'key',
      query,
      responses: { 200: uploadAuthorizationSchema },
      async handle({ query: { extensions, fileName = null, expiresIn }, caller: { keyName } }) {
        const request = { extensions, fileName, validForMs: expiresIn * 1000, keyName }
        // Each response is for one upload.
        const headers = { 'Cache-Control': 'no-store' }
        return { status: 200, json: await authorizeUpload(deps, request), headers }
      },
    }),
  })
}
