import type { ListedRunView } from '../../tracking/operators/list-runs.ts'
import { assetHref, runHref } from '../addresses.ts'
import { visibleText } from '../mark-invisible-characters.ts'
import { Pill } from './pill.tsx'
import { Time } from './time.tsx'
import { ImagekitError, UntrustedText } from './untrusted-text.tsx'

/**
 * `isCurrent`: false if a newer run has replaced this one, or its submission was rejected; undefined in lists that don't show whether
 * a run is current.
 */
type Row = ListedRunView & { isCurrent?: boolean }

type TableOptions = { isSelectable?: boolean; isSingleFile?: boolean }

/** One row per run. `isSelectable` adds checkboxes for the surrounding form. `isSingleFile` omits the file column. */
export function RunTable(props: TableOptions & { runs: readonly Row[]; caption: string }) {
  const { runs, caption, isSelectable = false, isSingleFile = false } = props
  return (
    <table class="rows">
      <caption class="visually-hidden">{caption}</caption>
      <thead>
        <tr>
          {isSelectable && (
            <th scope="col" class="tick">
              <span class="visually-hidden">Select</span>
            </th>
          )}
          <th scope="col">Status</th>
          <th scope="col">Extension</th>
          {!isSingleFile && <th scope="col">File</th>}
          <th scope="col">Error</th>
          <th scope="col">Requested</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <RunRow run={run} isSelectable={isSelectable} isSingleFile={isSingleFile} />
        ))}
      </tbody>
    </table>
  )
}

function RunRow({ run, isSelectable, isSingleFile }: TableOptions & { run: Row }) {
  const label = visibleText(`${run.name} of ${run.fileName ?? run.fileId ?? 'an unknown file'}`)
  return (
    <tr class={run.isCurrent === false ? 'superseded' : undefined}>
      {isSelectable && (
        <td class="tick">
          <input type="checkbox" name="runId" value={run.runId} aria-label={`Select ${label}`} />
        </td>
      )}
      <td data-label="Status">
        <Pill value={run.status} />
        {run.acknowledgedAt !== null && <span class="tag">acknowledged</span>}
        {run.isCurrent === false && <span class="tag">superseded</span>}
      </td>
      <th scope="row" data-label="Extension">
        <a href={runHref(run.runId)}>
          <UntrustedText text={run.name} />
        </a>
        {run.attempt > 1 && <span class="tag">attempt {run.attempt}</span>}
      </th>
      {!isSingleFile && (
        <td data-label="File" class="file">
          <FileName fileId={run.fileId} fileName={run.fileName} />
        </td>
      )}
      <td data-label="Error" class="why">
        {run.error !== null && <ImagekitError error={run.error} />}
        {run.cause !== null && (
          <code class="cause">
            <UntrustedText text={run.cause} />
          </code>
        )}
        {run.error === null && run.cause === null && <span class="none">–</span>}
      </td>
      <td data-label="Requested" class="when">
        <Time at={run.requestedAt} />
      </td>
    </tr>
  )
}

/** A file's name, and its id as a link to the page of the asset, as far as they are known. */
export function FileName({ fileId, fileName }: { fileId: string | null; fileName: string | null }) {
  const name = fileName === null ? null : <UntrustedText text={fileName} />
  if (fileId === null) return <>{name ?? <span class="none">not known yet</span>}</>
  return (
    <>
      {name && <span class="name">{name}</span>}
      <a class="id" href={assetHref(fileId)}>
        <UntrustedText text={fileId} />
      </a>
    </>
  )
}
