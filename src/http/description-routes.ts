import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { describeApi } from './openapi.ts'
import { type Api, operation, route } from './route.ts'

/** Serves the description of the API, and a page that shows it. Call it last: the document contains the operations registered before. */
export function descriptionRoutes(
  api: Api,
  { publicUrl, version }: { publicUrl: () => string; version: string },
): void {
  route(api, '/openapi.json', {
    GET: operation({
      id: 'getDescription',
      summary: 'Get this description as an OpenAPI document',
      auth: 'none',
      responses: { 200: { mediaType: 'application/json', schema: z.looseObject({ openapi: z.string() }) } },
      handle: (_, c) =>
        c.json(describeApi(api.operations, { publicUrl: publicUrl(), version }), 200, {
          // A page of another site, such as an editor for OpenAPI documents, may read it: it contains no secret.
          'Access-Control-Allow-Origin': '*',
        }),
    }),
  })
  route(api, '/docs', {
    GET: operation({
      id: 'getDocumentation',
      summary: 'Read this description as a page',
      auth: 'none',
      responses: { 200: { mediaType: 'text/html' } },
      handle: (_, c) =>
        c.html(page(bundle().path), 200, {
          'Content-Security-Policy': PAGE_POLICY,
          'Referrer-Policy': 'no-referrer',
        }),
    }),
  })
  route(api, '/docs/:file', {
    GET: operation({
      id: 'getDocumentationFile',
      summary: 'Load the script of the page',
      auth: 'none',
      params: z.object({ file: z.string() }),
      responses: { 200: { mediaType: 'text/javascript' } },
      problems: ['not_found'],
      handle({ params: { file } }, c) {
        const { name, content } = bundle()
        if (file !== name) return c.notFound()
        return c.body(content, 200, {
          'Content-Type': 'text/javascript; charset=utf-8',
          'Cache-Control': 'public, max-age=31536000, immutable',
        })
      },
    }),
  })
}

/** The page loads nothing from another origin. RapiDoc sets styles in attributes. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/** Its addresses are relative: the path of the public URL may precede them. */
function page(script: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>imagekit-extension-tracker API</title>
<link rel="icon" href="data:,">
<script type="module" src=".${script}"></script>
</head>
<body>
<rapi-doc spec-url="./openapi.json" load-fonts="false" regular-font="system-ui, sans-serif" mono-font="ui-monospace, monospace"
  render-style="focused" theme="light" show-header="false" show-method-in-nav-bar="as-colored-text" use-path-in-nav-bar="true"
  schema-style="table" sort-tags="false" persist-auth="false" allow-spec-url-load="false" allow-spec-file-load="false"></rapi-doc>
</body>
</html>
`
}

type Bundle = { name: string; path: string; content: string }
let loaded: Bundle | undefined

/** RapiDoc, which the build copies from its package. It is read at the first use, because few processes ever need it. */
function bundle(): Bundle {
  if (loaded === undefined) {
    const [file = LOCATIONS[0]] = LOCATIONS.filter((url) => existsSync(url))
    const content = readFileSync(file, 'utf8')
    const name = `rapidoc-${createHash('sha256').update(content).digest('hex').slice(0, 16)}.js`
    loaded = { name, path: `/docs/${name}`, content }
  }
  return loaded
}

/** In the built program, and while the sources are run. */
const LOCATIONS = [
  new URL('./static/rapidoc.js', import.meta.url),
  new URL('../../node_modules/rapidoc/dist/rapidoc-min.js', import.meta.url),
] as const
