import { pageOf, pageQuerySchema, writeCursor } from '../../contract/page.ts'
import { parseQuery } from '../../http/parse-with.ts'
import { type EventsDeps, respondWithEvents } from '../../http/status-events.ts'
import { type ForgetAssetDeps, forgetAsset } from '../../tracking/operators/forget-asset.ts'
import { type ShowAssetDeps, showAsset } from '../../tracking/operators/show-asset.ts'
import type { StatusCache } from '../../tracking/status/status-cache.ts'
import { followStatus } from '../../tracking/status/status-feed.ts'
import { ADMIN, assetHref, withQuery } from '../addresses.ts'
import { takeNotice } from '../notices.ts'
import { respondWithPage, seeOther } from '../page-responses.ts'
import { type Pages, pageRoute } from '../page-route.ts'
import { AssetPage, ForgetPage } from '../pages/asset-pages.tsx'
import { readNote } from '../read-form.ts'

export type AssetRoutesDeps = ShowAssetDeps &
  ForgetAssetDeps & { statuses: StatusCache } & Omit<EventsDeps, 'subject'>

/** Shows everything stored about an asset, streams its status changes, and forgets it. */
export function assetRoutes(pages: Pages, deps: AssetRoutesDeps): void {
  pageRoute(pages, '/admin/assets/:fileId', {
    async GET({ operator, params, query }, c) {
      const { before } = pageOf(parseQuery(pageQuerySchema, query))
      const asset = await showAsset(deps, params.fileId, before)
      const notice = takeNotice(c)
      const href = assetHref(asset.fileId)
      const newest = before === null ? null : href
      const older = asset.next === null ? null : withQuery(href, { cursor: writeCursor(asset.next) })
      return respondWithPage(c, <AssetPage {...{ operator, asset, notice, newest, older }} />)
    },
  })
  pageRoute(pages, '/admin/assets/:fileId/events', {
    GET: ({ params }, c) =>
      // `pageRoute` has checked the session, so the request needs neither a key nor a token.
      respondWithEvents(c, { ...deps, subject: 'asset' }, { by: 'nothing' }, (follower) =>
        followStatus(deps, params.fileId, follower),
      ),
  })
  pageRoute(pages, '/admin/assets/:fileId/forget', {
    async GET({ operator, params }, c) {
      const asset = await showAsset(deps, params.fileId)
      return respondWithPage(c, <ForgetPage operator={operator} asset={asset} />)
    },
    async POST({ operator, params, form }, c) {
      await forgetAsset(deps, {
        ...params,
        reason: readNote(form, 'reason'),
        actor: operator.keyName,
      })
      return seeOther(c, ADMIN, 'forgotten')
    },
  })
}
