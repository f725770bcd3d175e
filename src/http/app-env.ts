import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'

/** What every handler finds in its context. */
export type AppEnv = { Bindings: HttpBindings; Variables: { requestId: string } }

export type AppContext = Context<AppEnv>
