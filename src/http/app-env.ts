import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { RequestIdVariables } from 'hono/request-id'

/** What every handler finds in its context. */
export type AppEnv = { Bindings: HttpBindings; Variables: RequestIdVariables }

export type AppContext = Context<AppEnv>
