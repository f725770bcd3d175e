import { Hono } from 'hono'
import type { Access } from '../../tracking/access.ts'
import { type ExamineDeps, examine } from '../../tracking/operators/examine.ts'
import type { AppEnv } from '../app-env.ts'
import { presentedKey } from '../presented-key.ts'
import { route } from '../routes.ts'
import { readQuery } from './list-query.ts'

/** What is wrong with the set-up, and what to do. */
export function doctorRoutes(deps: ExamineDeps & { access: Pick<Access, 'identifyOperator'> }): Hono<AppEnv> {
  const app = new Hono<AppEnv>()
  route(app, '/doctor', {
    GET: async (c) => {
      deps.access.identifyOperator(presentedKey(c.env.incoming))
      readQuery(c, [])
      return c.json(await examine(deps))
    },
  })
  return app
}
