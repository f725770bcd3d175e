import type { PropsWithChildren } from 'hono/jsx'
import { ADMIN, AUDIT, DELIVERIES, FAILURES, SIGN_OUT } from '../addresses.ts'
import type { Operator } from '../operator-session.ts'
import { STATIC_FILES } from '../static-files.ts'
import { CsrfForm } from './forms.tsx'

const NAV_ITEMS = [
  [ADMIN, 'Overview'],
  [FAILURES, 'Failures'],
  [DELIVERIES, 'Deliveries'],
  [AUDIT, 'Audit'],
] as const

type LayoutProps = PropsWithChildren<{
  title: string
  /** Undefined before the sign-in. */
  operator: Operator | undefined
  /** The path of the navigation item that the page belongs to. */
  section?: string
  notice?: string | undefined
  /** The search text. */
  q?: string
  /** The URL of the event stream that notifies the script of changes. */
  events?: string | undefined
  /** The interval in seconds at which the script updates the page, if there is no event stream. */
  refresh?: number | undefined
}>

/**
 * The frame of every page. When the script updates a page, it replaces the elements with `data-live` that have changed, and announces
 * a changed `data-state`.
 */
export function Layout(props: LayoutProps) {
  const { title, operator, section, notice, q, events, refresh, children } = props
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>{title} · Extension tracker</title>
        <link rel="icon" type="image/svg+xml" href={STATIC_FILES.icon.href} />
        <link rel="stylesheet" href={STATIC_FILES.stylesheet.href} />
        <script src={STATIC_FILES.script.href} defer />
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <header class="top">
          <a class="brand" href={ADMIN}>
            Extension tracker
          </a>
          {operator && <Navigation section={section} />}
          {operator && <SearchBox q={q ?? ''} />}
          {operator && <OperatorInfo operator={operator} />}
        </header>
        <main id="main" tabindex={-1} data-events={events} data-refresh={refresh}>
          {notice && (
            <p class="notice" role="status">
              {notice}
            </p>
          )}
          {children}
        </main>
        <p id="announce" class="visually-hidden" role="status" aria-live="polite" />
      </body>
    </html>
  )
}

function Navigation({ section }: { section: string | undefined }) {
  return (
    <nav aria-label="Pages">
      <ul>
        {NAV_ITEMS.map(([href, name]) => (
          <li>
            <a href={href} aria-current={href === section ? 'page' : undefined}>
              {name}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

/** Searches runs of any status, acknowledged or not. */
function SearchBox({ q }: { q: string }) {
  return (
    <form class="search" role="search" method="get" action={FAILURES}>
      <input type="hidden" name="status" value="any" />
      <input type="hidden" name="acknowledged" value="any" />
      <label class="visually-hidden" for="search">
        Find runs by file id, file name, run id or submission id
      </label>
      <input
        type="search"
        id="search"
        name="q"
        value={q}
        placeholder="File id, file name, run or submission id"
        autocomplete="off"
        spellcheck={false}
        maxlength={500}
        required
      />
      <button type="submit">Find</button>
    </form>
  )
}

function OperatorInfo({ operator }: { operator: Operator }) {
  if (operator.isLocal)
    return (
      <p class="who" title="Neither TRACKER_API_KEY nor TRACKER_ADMIN_KEY is set">
        No keys are set: local access only, without sign-in
      </p>
    )
  return (
    <CsrfForm operator={operator} action={SIGN_OUT} class="who">
      <span>{operator.keyName}</span>
      <button type="submit" class="quiet">
        Sign out
      </button>
    </CsrfForm>
  )
}

/** Stands in for a list or a section that has no content. */
export function EmptyState({ title, hint }: { title: string; hint: string }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      <p>{hint}</p>
    </div>
  )
}
