import type { ShownAsset } from '../../tracking/operators/show-asset.ts'
import { assetHref, DELIVERIES, FAILURES, withQuery } from '../addresses.ts'
import { DeliveryTable } from '../components/delivery-table.tsx'
import { NoteField, OwnForm } from '../components/forms.tsx'
import { Layout } from '../components/layout.tsx'
import { OutsideText } from '../components/outside-text.tsx'
import { EmptyState, Pager } from '../components/pager.tsx'
import { Pill } from '../components/pill.tsx'
import { RunTable } from '../components/run-table.tsx'
import { Time } from '../components/time.tsx'
import type { Operator } from '../operator-door.ts'
import { visibleText } from '../visible-text.ts'

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
    <Layout title={visibleText(name)} {...{ operator, notice, events }} room={FAILURES}>
      <div class="head" data-live="head" data-state={status}>
        <h1 class="name">
          <OutsideText text={name} />
        </h1>
        <Pill of={status} />
      </div>
      <p class="id">
        <OutsideText text={fileId} />
      </p>
      <section class="card" aria-labelledby="runs" data-live="runs">
        <h2 id="runs">Its runs</h2>
        {submissions.map((submission) => (
          <Submission submission={submission} />
        ))}
        <Pager newest={newest} older={older} />
      </section>
      <section class="card" aria-labelledby="deliveries" data-live="deliveries">
        <div class="head">
          <h2 id="deliveries">Its webhooks</h2>
          {deliveries.length > 0 && <a href={withQuery(DELIVERIES, { fileId })}>All of them</a>}
        </div>
        {deliveries.length === 0 ? (
          <EmptyState
            title="No webhook has come"
            hint="Refused ones name no file: see the page of deliveries."
          />
        ) : (
          <DeliveryTable deliveries={deliveries} caption="Webhooks about this asset, the newest first" />
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
        <p class="hint">No extension was asked for.</p>
      ) : (
        <RunTable runs={runs} caption={`Runs of the submission ${submissionId}`} isOfOne />
      )}
    </div>
  )
}

export function ForgetPage({ operator, asset }: Omit<AssetProps, 'notice'>) {
  const { fileId, fileName, submissions, next } = asset
  const runs = submissions.reduce((sum, submission) => sum + submission.runs.length, 0)
  return (
    <Layout title="Forget an asset" operator={operator} room={FAILURES}>
      <div class="card narrow">
        <h1>Forget this asset?</h1>
        <dl class="facts">
          {fileName !== null && (
            <>
              <dt>File name</dt>
              <dd>
                <OutsideText text={fileName} />
              </dd>
            </>
          )}
          <dt>File id</dt>
          <dd class="id">
            <OutsideText text={fileId} />
          </dd>
          <dt>Runs</dt>
          <dd>{next === null ? runs : `more than ${runs}`}</dd>
        </dl>
        <p>
          Everything that is held of it here goes: its submissions, runs, webhooks and their bodies.
          ImageKit’s file stays. The audit names it by its hash only. <strong>This cannot be undone.</strong>
        </p>
        <OwnForm operator={operator} action={`${assetHref(fileId)}/forget`}>
          <NoteField
            name="reason"
            label="Reason (optional)"
            hint="Saved to the audit log: name no file here."
          />
          <p class="actions">
            <button type="submit" class="danger">
              Forget it
            </button>
            <a class="button" href={assetHref(fileId)}>
              Back
            </a>
          </p>
        </OwnForm>
      </div>
    </Layout>
  )
}
