import { deliveryFilterQuerySchema, toDeliveryFilter } from '../../contract/delivery.ts'
import { pageOf, pageQuerySchema, writeCursor } from '../../contract/page.ts'
import { parseQuery } from '../../http/parse-with.ts'
import {
  type ListDeliveriesDeps,
  listDeliveries,
  showDelivery,
} from '../../tracking/operators/list-deliveries.ts'
import { type ReplayDeliveryDeps, replayDelivery } from '../../tracking/operators/replay-delivery.ts'
import { DELIVERIES, deliveryHref, runHref, withQuery } from '../addresses.ts'
import { isoTime } from '../components/time.tsx'
import { takeNotice } from '../notices.ts'
import { respondWithPage, seeOther } from '../page-responses.ts'
import { type Pages, pageRoute } from '../page-route.ts'
import { DeliveriesPage } from '../pages/deliveries-page.tsx'
import { DeliveryPage } from '../pages/delivery-page.tsx'
import { readNote } from '../read-form.ts'

export type DeliveryRoutesDeps = ListDeliveriesDeps & ReplayDeliveryDeps

/** Lists, shows and replays deliveries. */
export function deliveryRoutes(pages: Pages, deps: DeliveryRoutesDeps): void {
  pageRoute(pages, DELIVERIES, {
    async GET({ operator, query }, c) {
      const fields = [...query].map(([name, value]) => {
        const text = value.trim()
        return [name, name === 'since' || name === 'until' ? isoTime(text) : text] as const
      })
      const { cursor: _, ...parameters } = Object.fromEntries(fields)
      const filter = toDeliveryFilter(parseQuery(deliveryFilterQuerySchema, new URLSearchParams(parameters)))
      const page = pageOf(parseQuery(pageQuerySchema, query))
      const { deliveries, next } = await listDeliveries(deps, filter, page)
      const newest = page.before === null ? null : withQuery(DELIVERIES, parameters)
      const older = next === null ? null : withQuery(DELIVERIES, { ...parameters, cursor: writeCursor(next) })
      const notice = takeNotice(c)
      return respondWithPage(
        c,
        <DeliveriesPage {...{ operator, filter, parameters, deliveries, newest, older, notice }} />,
      )
    },
  })
  pageRoute(pages, `${DELIVERIES}/:deliveryId`, {
    async GET({ operator, params }, c) {
      const delivery = await showDelivery(deps, params.deliveryId)
      return respondWithPage(c, <DeliveryPage operator={operator} delivery={delivery} />)
    },
  })
  pageRoute(pages, `${DELIVERIES}/:deliveryId/replay`, {
    GET: ({ params }, c) => seeOther(c, deliveryHref(params.deliveryId)),
    async POST({ operator, params, form }, c) {
      const { outcome, runId } = await replayDelivery(deps, {
        ...params,
        actor: operator.keyName,
        reason: readNote(form, 'reason'),
      })
      // If the delivery concerns a run, the run's page shows the effect. Each outcome is also the name of a notice.
      return seeOther(c, runId === null ? DELIVERIES : runHref(runId), outcome)
    },
  })
}
