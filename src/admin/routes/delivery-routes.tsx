import { Hono } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { parseDeliveryFilter } from '../../http/operators/delivery-routes.ts'
import { parsePage, writeCursor } from '../../http/operators/list-query.ts'
import { route } from '../../http/routes.ts'
import { listDeliveries, showDelivery } from '../../tracking/operators/list-deliveries.ts'
import { replayDelivery } from '../../tracking/operators/replay-delivery.ts'
import { DELIVERIES, deliveryHref, runHref, withQuery } from '../addresses.ts'
import { takeNotice } from '../notices.ts'
import type { OperatorSession } from '../operator-session.ts'
import { respondWithPage, seeOther } from '../page-responses.ts'
import { DeliveriesPage } from '../pages/deliveries-page.tsx'
import { DeliveryPage } from '../pages/delivery-page.tsx'
import { readCsrfForm, readNote } from '../read-form.ts'

type DeliveryRoutesDeps = Parameters<typeof listDeliveries>[0] &
  Parameters<typeof replayDelivery>[0] & { operatorSession: OperatorSession }

/** Lists, shows and replays deliveries. */
export function deliveryRoutes(deps: DeliveryRoutesDeps): Hono<AppEnv> {
  const { operatorSession } = deps
  const app = new Hono<AppEnv>()
  route(app, DELIVERIES, {
    GET: async (c) => {
      const operator = await operatorSession.require(c)
      // A form also sends empty fields.
      const fields = Object.entries(c.req.query()).map(([name, value]) => [name, value.trim()] as const)
      const { cursor: _, ...query } = Object.fromEntries(fields.filter(([, value]) => value !== ''))
      const filter = parseDeliveryFilter(query)
      const page = parsePage(c)
      const { deliveries, next } = await listDeliveries(deps, filter, page)
      const newest = page.before === null ? null : withQuery(DELIVERIES, query)
      const older = next === null ? null : withQuery(DELIVERIES, { ...query, cursor: writeCursor(next) })
      const notice = takeNotice(c)
      return respondWithPage(
        c,
        <DeliveriesPage {...{ operator, filter, deliveries, newest, older, notice }} />,
      )
    },
  })
  route(app, `${DELIVERIES}/:deliveryId`, {
    GET: async (c) => {
      const operator = await operatorSession.require(c)
      const delivery = await showDelivery(deps, c.req.param('deliveryId') ?? '')
      return respondWithPage(c, <DeliveryPage operator={operator} delivery={delivery} />)
    },
  })
  route(app, `${DELIVERIES}/:deliveryId/replay`, {
    GET: (c) => seeOther(c, deliveryHref(c.req.param('deliveryId') ?? '')),
    POST: async (c) => {
      const { operator, form } = await readCsrfForm(c, operatorSession)
      const { outcome, runId } = await replayDelivery(deps, {
        deliveryId: c.req.param('deliveryId') ?? '',
        actor: operator.keyName,
        reason: readNote(form, 'reason'),
      })
      // The page of its run, if it has one, shows the effect.
      return seeOther(c, runId === null ? DELIVERIES : runHref(runId), outcome)
    },
  })
  return app
}
