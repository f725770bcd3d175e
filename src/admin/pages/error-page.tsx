import type { FieldError } from '../../domain/errors.ts'
import type { ProblemCode } from '../../http/problems.ts'
import { ADMIN, FAILURES } from '../addresses.ts'
import { Layout } from '../components/layout.tsx'
import { OutsideText } from '../components/outside-text.tsx'
import type { Operator } from '../operator-door.ts'

/** What to do about it, where the error does not say it itself. */
const REMEDIES: { [code in ProblemCode]?: string } = {
  invalid_input: 'Go back, mend what is named here, and try again.',
  not_found: 'It may have been forgotten or mistyped. Look for it with the search above.',
  run_pending: 'Its page updates itself when it ends; ask for it again then.',
  run_not_current: 'Open the asset to see the run that took its place, and retry that one.',
  asset_gone: 'There is nothing left to run it on. Acknowledge the run to take it off the list.',
  unprocessable: 'Nothing was changed. What the message names has to be mended first.',
  imagekit_unreachable:
    'See whether ImageKit can be reached from here, then look at the run before you ask again.',
  imagekit_timeout:
    'See whether ImageKit can be reached from here, then look at the run before you ask again.',
  store_unavailable: 'See whether the disk is full or the database cannot be written, then reload this page.',
  overloaded: 'Reload this page in a moment.',
  internal: 'Reload the page. If it happens again, look for the request id in the service’s log.',
}

type ErrorProps = {
  operator: Operator | undefined
  status: number
  title: string
  code: ProblemCode
  detail: string
  fields: readonly FieldError[]
  requestId: string
}

export function ErrorPage({ operator, status, title, code, detail, fields, requestId }: ErrorProps) {
  return (
    <Layout title={title} operator={operator}>
      <div class="card error-page">
        <p class="error-status">{status}</p>
        <h1>{title}</h1>
        <p>
          <OutsideText text={detail} />
        </p>
        {fields.length > 0 && (
          <ul>
            {fields.map(({ field, message }) => (
              <li>
                <code>
                  <OutsideText text={field} />
                </code>{' '}
                <OutsideText text={message} />
              </li>
            ))}
          </ul>
        )}
        {REMEDIES[code] !== undefined && <p>{REMEDIES[code]}</p>}
        <p class="actions">
          <a class="button" href={ADMIN}>
            Overview
          </a>
          <a class="button" href={FAILURES}>
            Failures
          </a>
        </p>
        <p class="hint">
          Request id <code>{requestId}</code>
        </p>
      </div>
    </Layout>
  )
}
