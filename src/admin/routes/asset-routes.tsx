import { Hono } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { parsePage, writeCursor } from '../../http/operators/list-query.ts'
import { route } from '../../http/routes.ts'
import { type EventsDeps, respondWithEvents } from '../../http/status-events.ts'
import { forgetAsset } from '../../tracking/operators/forget-asset.ts'
import { showAsset } from '../../tracking/operators/show-asset.ts'
import type { StatusCache } from '../../tracking/status-cache.ts'
import { followStatus } from '../../tracking/status-feed.ts'
import { ADMIN, assetHref, withQuery } from '../addresses.ts'
import { takeNotice } from '../notices.ts'
import type { OperatorSession } from '../operator-session.ts'
import { respondWithPage, seeOther } from '../page-responses.ts'
import { AssetPage, ForgetPage } from '../pages/asset-pages.tsx'
import { readCsrfForm, readNote } from '../read-form.ts'

type AssetRoutesDeps = Parameters<typeof showAsset>[0] &
  Parameters<typeof forgetAsset>[0] & { operatorSession: OperatorSession; statuses: StatusCache } & Omit<
    EventsDeps,
    'subject'
  >

/** Shows everything stored about an asset, streams its status changes, and forgets it. */
export function assetRoutes(deps: AssetRoutesDeps): Hono<AppEnv> {
  const { operatorSession } = deps
  const app = new Hono<AppEnv>()
  route(app, '/admin/assets/:fileId', {
    GET: async (c) => {
      const operator = await operatorSession.require(c)
      const { before } = parsePage(c)
      const asset = await showAsset(deps, c.req.param('fileId') ?? '', before)
      const notice = takeNotice(c)
      const href = assetHref(asset.fileId)
      const newest = before === null ? null : href
      const older = asset.next === null ? null : withQuery(href, { cursor: writeCursor(asset.next) })
      return respondWithPage(c, <AssetPage {...{ operator, asset, notice, newest, older }} />)
    },
  })
  route(app, '/admin/assets/:fileId/events', {
    GET: async (c) => {
      await operatorSession.require(c)
      const fileId = c.req.param('fileId') ?? ''
      return respondWithEvents(c, { ...deps, subject: 'asset' }, { by: 'nothing' }, (follower) =>
        followStatus(deps, fileId, follower),
      )
    },
  })
  route(app, '/admin/assets/:fileId/forget', {
    GET: async (c) => {
      const operator = await operatorSession.require(c)
      const asset = await showAsset(deps, c.req.param('fileId') ?? '')
      return respondWithPage(c, <ForgetPage operator={operator} asset={asset} />)
    },
    POST: async (c) => {
      const { operator, form } = await readCsrfForm(c, operatorSession)
      await forgetAsset(deps, {
        fileId: c.req.param('fileId') ?? '',
        reason: readNote(form, 'reason'),
        actor: operator.keyName,
      })
      return seeOther(c, ADMIN, 'forgotten')
    },
  })
  return app
}
