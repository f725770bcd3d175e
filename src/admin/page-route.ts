import type { Hono } from 'hono'
import type { AppContext, AppEnv } from '../http/request.ts'
import { routeMethods } from '../http/route.ts'
import type { Operator, OperatorSession } from './operator-session.ts'
import { readCsrfForm } from './read-form.ts'

/** The parameters in a path, such as `runId` in `/admin/runs/:runId/retry`. */
type ParamsOf<Path extends string> = Path extends `${string}/:${infer Name}/${infer Rest}`
  ? { [name in Name]: string } & ParamsOf<`/${Rest}`>
  : Path extends `${string}/:${infer Name}`
    ? { [name in Name]: string }
    : unknown

type PageRequest<Path extends string> = {
  operator: Operator
  params: ParamsOf<Path>
  query: URLSearchParams
}

type PageResponse = Response | Promise<Response>

/** Where pages are registered, and the sessions that give access to them. */
export type Pages = { app: Hono<AppEnv>; operatorSession: OperatorSession }

/** Registers a page for signed-in operators. `POST` gets a form that was read and whose CSRF token was checked. */
export function pageRoute<const Path extends string>(
  { app, operatorSession }: Pages,
  path: Path,
  {
    GET,
    POST,
  }: {
    GET: (request: PageRequest<Path>, c: AppContext) => PageResponse
    POST?: (request: PageRequest<Path> & { form: URLSearchParams }, c: AppContext) => PageResponse
  },
): void {
  const partsOf = (c: AppContext) => ({
    // The path has matched, so every parameter has a value.
    params: c.req.param() as ParamsOf<Path>,
    query: new URL(c.req.url).searchParams,
  })
  routeMethods(app, path, {
    GET: async (c) => GET({ operator: await operatorSession.require(c), ...partsOf(c) }, c),
    ...(POST && {
      POST: async (c) => POST({ ...(await readCsrfForm(c, operatorSession)), ...partsOf(c) }, c),
    }),
  })
}
