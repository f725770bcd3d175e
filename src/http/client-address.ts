import { type BlockList, isIP, isIPv4 } from 'node:net'
import type { AppContext } from './app-env.ts'

/**
 * Where a request comes from. Each proxy appends the address that it was asked by to `X-Forwarded-For`: it is read from its
 * end for as long as those who wrote it are trusted, and what stands before that may be anybody's invention.
 */
export function clientAddress(c: AppContext, trusted: BlockList): string {
  const { socket, headers } = c.env.incoming
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',')
  let address = plain(socket.remoteAddress ?? '')
  for (const entry of forwarded.toReversed()) {
    const before = plain(entry.trim())
    if (!isTrusted(trusted, address) || isIP(before) === 0) return address
    address = before
  }
  return address
}

/** An IPv4 address may come as IPv6, `::ffff:192.0.2.1`. */
function plain(address: string): string {
  const mapped = address.replace(/^::ffff:/i, '')
  return isIPv4(mapped) ? mapped : address
}

function isTrusted(trusted: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && trusted.check(address, family === 4 ? 'ipv4' : 'ipv6')
}
