import { Hono } from 'hono'
import type { AppEnv } from '../../http/app-env.ts'
import { parsePage, writeCursor } from '../../http/operators/list-query.ts'
import { route } from '../../http/routes.ts'
import { answerEvents, type EventsDeps } from '../../http/status-events.ts'
import { forgetAsset } from '../../tracking/operators/forget-asset.ts'
import { showAsset } from '../../tracking/operators/show-asset.ts'
import type { StatusBoard } from '../../tracking/status-board.ts'
import { followStatus } from '../../tracking/status-feed.ts'
import { ADMIN, assetHref, withQuery } from '../addresses.ts'
import { takeNotice } from '../notices.ts'
import type { OperatorDoor } from '../operator-door.ts'
import { answerPage, seeOther } from '../page-answers.ts'
import { AssetPage, ForgetPage } from '../pages/asset-pages.tsx'
import { readNote, readOwnForm } from '../read-form.ts'

type AssetRoutesDeps = Parameters<typeof showAsset>[0] &
  Parameters<typeof forgetAsset>[0] & { door: OperatorDoor; board: StatusBoard } & Omit<EventsDeps, 'subject'>

/** All that is held of an asset, its changes as they come, and to forget it. */
export function assetRoutes(deps: AssetRoutesDeps): Hono<AppEnv> {
  const { door } = deps
  const app = new Hono<AppEnv>()
  route(app, '/admin/assets/:fileId', {
    GET: async (c) => {
      const operator = await door.admit(c)
      const { before } = parsePage(c)
      const asset = await showAsset(deps, c.req.param('fileId') ?? '', before)
      const notice = takeNotice(c)
      const href = assetHref(asset.fileId)
      const newest = before === null ? null : href
      const older = asset.next === null ? null : withQuery(href, { cursor: writeCursor(asset.next) })
      return answerPage(c, <AssetPage {...{ operator, asset, notice, newest, older }} />)
    },
  })
  route(app, '/admin/assets/:fileId/events', {
    GET: async (c) => {
      await door.admit(c)
      const fileId = c.req.param('fileId') ?? ''
      return answerEvents(c, { ...deps, subject: 'asset' }, { by: 'nothing' }, (follower) =>
        followStatus(deps, fileId, follower),
      )
    },
  })
  route(app, '/admin/assets/:fileId/forget', {
    GET: async (c) => {
      const operator = await door.admit(c)
      const asset = await showAsset(deps, c.req.param('fileId') ?? '')
      return answerPage(c, <ForgetPage operator={operator} asset={asset} />)
    },
    POST: async (c) => {
      const { operator, form } = await readOwnForm(c, door)
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
