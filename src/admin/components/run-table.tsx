import type { ListedRunView } from '../../tracking/operators/listed-run-view.ts'
import { assetHref, runHref } from '../addresses.ts'
import { errorText } from '../error-text.ts'
import { visibleText } from '../visible-text.ts'
import { OutsideText } from './outside-text.tsx'
import { Pill } from './pill.tsx'
import { Time } from './time.tsx'

type Row = ListedRunView & { isCurrent?: boolean }

type Shape = { isSelectable?: boolean; isOfOne?: boolean }

/** Runs, one a row. `isSelectable`: with a box to tick, for the form around it. `isOfOne`: all of them are of one file. */
export function RunTable(props: Shape & { runs: readonly Row[]; caption: string }) {
  const { runs, caption, isSelectable = false, isOfOne = false } = props
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
          {!isOfOne && <th scope="col">File</th>}
          <th scope="col">Why</th>
          <th scope="col">Requested</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <RunRow run={run} isSelectable={isSelectable} isOfOne={isOfOne} />
        ))}
      </tbody>
    </table>
  )
}

function RunRow({ run, isSelectable, isOfOne }: Shape & { run: Row }) {
  const label = visibleText(`${run.name} of ${run.fileName ?? run.fileId ?? 'an unknown file'}`)
  return (
    <tr class={run.isCurrent === false ? 'past' : undefined}>
      {isSelectable && (
        <td class="tick">
          <input type="checkbox" name="runId" value={run.runId} aria-label={`Select ${label}`} />
        </td>
      )}
      <td data-label="Status">
        <Pill of={run.status} />
        {run.acknowledgedAt !== null && <span class="tag">acknowledged</span>}
        {run.isCurrent === false && <span class="tag">past</span>}
      </td>
      <th scope="row" data-label="Extension">
        <a href={runHref(run.runId)}>
          <OutsideText text={run.name} />
        </a>
        {run.attempt > 1 && <span class="tag">attempt {run.attempt}</span>}
      </th>
      {!isOfOne && (
        <td data-label="File" class="file">
          <FileName fileId={run.fileId} fileName={run.fileName} />
        </td>
      )}
      <td data-label="Why" class="why">
        {run.error !== null && <OutsideText text={errorText(run.error)} />}
        {run.cause !== null && (
          <code class="cause">
            <OutsideText text={run.cause} />
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

/** A file by its name, with the way to its page. */
export function FileName({ fileId, fileName }: { fileId: string | null; fileName: string | null }) {
  const name = fileName === null ? null : <OutsideText text={fileName} />
  if (fileId === null) return <>{name ?? <span class="none">not known yet</span>}</>
  return (
    <>
      {name && <span class="name">{name}</span>}
      <a class="id" href={assetHref(fileId)}>
        <OutsideText text={fileId} />
      </a>
    </>
  )
}
