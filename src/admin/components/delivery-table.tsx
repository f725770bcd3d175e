import type { DeliveryView } from '../../tracking/operators/list-deliveries.ts'
import { assetHref, deliveryHref, runHref } from '../addresses.ts'
import { deliveryCauseText } from '../delivery-cause.ts'
import { Pill } from './pill.tsx'
import { Time } from './time.tsx'
import { UntrustedText } from './untrusted-text.tsx'

export function DeliveryTable(props: { deliveries: readonly DeliveryView[]; caption: string }) {
  return (
    <table class="rows">
      <caption class="visually-hidden">{props.caption}</caption>
      <thead>
        <tr>
          <th scope="col">Outcome</th>
          <th scope="col">Received</th>
          <th scope="col">Route</th>
          <th scope="col">Extension / file</th>
          <th scope="col">Signature</th>
          <th scope="col">Reason</th>
        </tr>
      </thead>
      <tbody>
        {props.deliveries.map((delivery) => (
          <DeliveryRow delivery={delivery} />
        ))}
      </tbody>
    </table>
  )
}

function DeliveryRow({ delivery }: { delivery: DeliveryView }) {
  const { deliveryId, outcome, receivedAt, route, runId, fileId, service, signature, cause } = delivery
  return (
    <tr>
      <td data-label="Outcome">
        <Pill value={outcome} />
      </td>
      <th scope="row" data-label="Received" class="when">
        <a href={deliveryHref(deliveryId)}>
          <Time at={receivedAt} />
        </a>
      </th>
      <td data-label="Route">{route}</td>
      <td data-label="Extension / file" class="file">
        {service !== null && (
          <span class="name">
            {runId === null ? (
              <UntrustedText text={service} />
            ) : (
              <a href={runHref(runId)}>
                <UntrustedText text={service} />
              </a>
            )}
          </span>
        )}
        {fileId !== null && (
          <a class="id" href={assetHref(fileId)}>
            <UntrustedText text={fileId} />
          </a>
        )}
        {service === null && fileId === null && <span class="none">–</span>}
      </td>
      <td data-label="Signature">{signature ?? <span class="none">–</span>}</td>
      <td data-label="Reason" class="why">
        {cause === null ? <span class="none">–</span> : deliveryCauseText(cause)}
      </td>
    </tr>
  )
}
