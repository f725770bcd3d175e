import type { ShownAsset } from '../../tracking/operators/show-asset.ts'
import { assetHref, DELIVERIES, FAILURES, withQuery } from '../addresses.ts'
import { DeliveryTable } from '../components/delivery-table.tsx'
import { CsrfForm, NoteField } from '../components/forms.tsx'
import { EmptyState, Layout } from '../components/layout.tsx'
import { Pager } from '../components/pager.tsx'
import { Pill } from '../components/pill.tsx'
import { RunTable } from '../components/run-table.tsx'
import { Time } from '../components/time.tsx'
import { UntrustedText } from '../components/untrusted-text.tsx'
import { visibleText } from '../mark-invisible-characters.ts'
import type { Operator } from '../operator-session.ts'

type AssetProps = { operator: Operator; asset: ShownAsset; notice?: string | undefined }

export function AssetPage({
  operator,
  asset,
  notice,
  newest,
  older,
}: AssetProps & { newest: string | null; older: string | null }) {
  const { fileId, fileName, status, submissions, deliveries } = asset
  const events = status === 'pending' ? `${assetHref(fileId)}/events` : undefined
  const name = fileName ?? fileId
  return (
    <Layout title={visibleText(name)} {...{ operator, notice, events }} section={FAILURES}>
      <div class="head" data-live="head" data-state={status}>
        <h1 class="name">
          <UntrustedText text={name} />
        </h1>
        <Pill value={status} />
      </div>
      <p class="id">
        <UntrustedText text={fileId} />
      </p>
      <section class="card" aria-labelledby="runs" data-live="runs">
        <h2 id="runs">Runs</h2>
        {submissions.map((submission) => (
          <Submission submission={submission} />
        ))}
        <Pager newest={newest} older={older} />
      </section>
      <section class="card" aria-labelledby="deliveries" data-live="deliveries">
        <div class="head">
          <h2 id="deliveries">Webhooks</h2>
          {deliveries.length > 0 && <a href={withQuery(DELIVERIES, { fileId })}>All webhooks</a>}
        </div>
        {deliveries.length === 0 ? (
          <EmptyState
            title="No webhooks yet"
            hint="Rejected webhooks are not assigned to an asset. See Deliveries."
          />
        ) : (
          <DeliveryTable deliveries={deliveries} caption="Webhooks of this asset, newest first" />
        )}
      </section>
      <p class="actions">
        <a class="button" href={`${assetHref(fileId)}/forget`}>
          Forget this asset…
        </a>
      </p>
    </Layout>
  )
}

function Submission({ submission }: { submission: ShownAsset['submissions'][number] }) {
  const { submissionId, kind, state, createdAt, keyName, runs } = submission
  return (
    <div class="submission">
      <h3>
        {kind} <Time at={createdAt} />
      </h3>
      <p class="hint">
        {state}
        {keyName !== null && `, by ${keyName}`}, submission <span class="id">{submissionId}</span>
      </p>
      {runs.length === 0 ? (
        <p class="hint">No extensions were requested.</p>
      ) : (
        <RunTable runs={runs} caption={`Runs of submission ${submissionId}`} isSingleFile />
      )}
    </div>
  )
}

export function ForgetPage({ operator, asset }: Omit<AssetProps, 'notice'>) {
  const { fileId, fileName, submissions, next } = asset
  const runs = submissions.reduce((sum, submission) => sum + submission.runs.length, 0)
  return (
    <Layout title="Forget asset" operator={operator} section={FAILURES}>
      <div class="card narrow">
        <h1>Forget this asset?</h1>
        <dl class="facts">
          {fileName !== null && (
            <>
              <dt>File name</dt>
              <dd>
                <UntrustedText text={fileName} />
              </dd>
            </>
          )}
          <dt>File id</dt>
          <dd class="id">
            <UntrustedText text={fileId} />
          </dd>
          <dt>Runs</dt>
          <dd>{next === null ? runs : `at least ${runs}`}</dd>
        </dl>
        <p>
          Deletes everything stored here about this asset: submissions, runs, webhooks and their bodies. The
          file at ImageKit stays. In the audit log, hashes replace the ids.{' '}
          <strong>This cannot be undone.</strong>
        </p>
        <CsrfForm operator={operator} action={`${assetHref(fileId)}/forget`}>
          <NoteField
            name="reason"
            label="Reason (optional)"
            hint="Saved to the audit log. Don’t name the file here."
          />
          <p class="actions">
            <button type="submit" class="danger">
              Forget asset
            </button>
            <a class="button" href={assetHref(fileId)}>
              Back
            </a>
          </p>
        </CsrfForm>
      </div>
    </Layout>
  )
}
