import { SIGN_IN } from '../addresses.ts'
import { Layout } from '../components/layout.tsx'
import type { InterruptedForm } from '../read-form.ts'

type SignInProps = {
  target: string
  /** A form that was not processed because its session had ended. It can be sent again after the sign-in. */
  interrupted?: InterruptedForm | undefined
  /** Why the last attempt failed. */
  problem?: string | undefined
  notice?: string | undefined
  hasAdminKey: boolean
  /** Browsers would discard the session cookie: it is `Secure`, but `PUBLIC_URL` uses http. */
  needsHttps: boolean
}

export function SignInPage({ target, interrupted, problem, notice, hasAdminKey, needsHttps }: SignInProps) {
  return (
    <Layout title="Sign in" operator={undefined} notice={notice}>
      <div class="sign-in card">
        <h1>Sign in</h1>
        {problem !== undefined && (
          <p class="problem" role="alert" id="problem">
            {problem}
          </p>
        )}
        {interrupted && (
          <p>Your session had ended, so the form was not processed. Sign in to send it again.</p>
        )}
        {!hasAdminKey && (
          <p class="problem">
            No admin key is configured, so nobody can sign in. Set <code>TRACKER_ADMIN_KEY</code> and restart
            the service.
          </p>
        )}
        {needsHttps && (
          <p class="problem">
            <code>PUBLIC_URL</code> is an http address, but browsers keep a sign-in only over https. Put the
            service behind https and set <code>PUBLIC_URL</code> to the https address.
          </p>
        )}
        <form method="post" action={SIGN_IN} class="stack">
          <input type="hidden" name="to" value={interrupted?.target ?? target} />
          {interrupted && <input type="hidden" name="form" value={interrupted.fields.toString()} />}
          <div class="field">
            <label for="key">Admin key</label>
            <input
              type="password"
              id="key"
              name="key"
              required
              autofocus
              autocomplete="current-password"
              aria-describedby={problem === undefined ? 'key-hint' : 'problem key-hint'}
              aria-invalid={problem === undefined ? undefined : 'true'}
            />
            <p class="hint" id="key-hint">
              A key from <code>TRACKER_ADMIN_KEY</code>. For <code>name:secret</code>, enter only the secret.
              A sign-in lasts at most 12 hours, and ends when the service restarts without its key.
            </p>
          </div>
          <button type="submit" class="primary">
            Sign in
          </button>
        </form>
      </div>
    </Layout>
  )
}
