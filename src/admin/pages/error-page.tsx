import type { ProblemCode } from '../../contract/problems.ts'
import type { FieldError } from '../../domain/errors.ts'
import { ADMIN, FAILURES } from '../addresses.ts'
import { Layout } from '../components/layout.tsx'
import { UntrustedText } from '../components/untrusted-text.tsx'
import type { Operator } from '../operator-session.ts'

/** Titles for pages, where the titles of the API don't suit a page. */
const PAGE_TITLES: { [code in ProblemCode]?: string } = {
  not_found: 'Page not found',
  unprocessable: 'Action not possible',
  store_unavailable: 'Database unavailable',
}

/** What to do, where the error does not say it. */
const REMEDIES: { [code in ProblemCode]?: string } = {
  invalid_input: 'Go back, correct the fields listed here, and try again.',
  not_found: 'The address may be mistyped, or what it shows may have been deleted.',
  run_pending: 'The run’s page updates itself when the run settles. If it fails, retry it then.',
  run_not_current: 'Open the asset to see the run that replaced this one, and retry that run.',
  asset_gone:
    'There is no file to run the extension on. Acknowledge the run to remove it from the Failures page.',
  unprocessable: 'No status was changed. If the cause can be fixed, fix it and try again.',
  imagekit_unreachable: 'Check that ImageKit is reachable from here. Before you retry, check the run.',
  imagekit_timeout: 'Check that ImageKit is reachable from here. Before you retry, check the run.',
  store_unavailable:
    'Check whether the disk is full, or the database is read-only, locked or unreachable, then reload this page.',
  overloaded: 'Reload this page in a moment.',
  internal: 'Reload the page. If it happens again, search the service’s log for the request id.',
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
  const heading = PAGE_TITLES[code] ?? title
  return (
    <Layout title={heading} operator={operator}>
      <div class="card error-page">
        <p class="error-status">{status}</p>
        <h1>{heading}</h1>
        <p>
          <UntrustedText text={detail} />
        </p>
        {fields.length > 0 && (
          <ul>
            {fields.map(({ field, message }) => (
              <li>
                <code>
                  <UntrustedText text={field} />
                </code>{' '}
                <UntrustedText text={message} />
              </li>
            ))}
          </ul>
        )}
        {REMEDIES[code] !== undefined && (
          <p>
            {REMEDIES[code]}
            {/* Before the sign-in, a page has no search. */}
            {code === 'not_found' && operator !== undefined && ' Try the search above.'}
          </p>
        )}
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
