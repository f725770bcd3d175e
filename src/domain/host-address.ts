import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Azure's address for DNS, health probes and the agents of virtual machines. It looks public. */
const AZURE_PLATFORM = '168.63.129.16'

/** The only range with public IPv6 addresses: https://www.iana.org/assignments/ipv6-address-space */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/** Whether a text is an IP address that can be a host on the public internet. */
export function isPublicAddress(text: string): boolean {
  if (!isAddress(text)) return false
  const address = ipaddr.parse(text)
  if (address.range() !== 'unicast' || text === AZURE_PLATFORM) return false
  return address.kind() === 'ipv4' || address.match(GLOBAL_UNICAST)
}

/** Whether a host can only be this machine. Names are not resolved: only `localhost` and names below it count. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  if (isAddress(bare)) return ipaddr.process(bare).range() === 'loopback'
  return bare.toLowerCase() === 'localhost' || bare.toLowerCase().endsWith('.localhost')
}

/**
 * The host of a URL, without brackets or a final dot, if it needs no DNS lookup because it is an IP address, `localhost` or a name
 * below `localhost`; else undefined.
 */
export function literalHost(hostname: string): string | undefined {
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
  return isAddress(host) || isLoopbackHost(host) ? host : undefined
}

/** Whether the host of a URL is known, without a DNS lookup, not to be on the public internet. */
export function isPrivateHost(hostname: string): boolean {
  const host = literalHost(hostname)
  return host !== undefined && !isPublicAddress(host)
}

/** A host as written in a URL: an IPv6 address in brackets. */
export function urlHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host
}

/** A network: one of its addresses, and the length of its prefix. IPv4 is mapped into IPv6, so that both families compare alike. */
export type Network = [address: ipaddr.IPv6, prefixLength: number]

/** Parses an address such as `10.0.0.1`, or a network such as `10.0.0.0/8`. Undefined for any other text. */
export function parseNetwork(text: string): Network | undefined {
  if (isAddress(text)) return [mapped(ipaddr.parse(text)), 128]
  if (!isAddress(text.replace(/\/\d+$/, '')) || !ipaddr.isValidCIDR(text)) return undefined
  const [address, length] = ipaddr.parseCIDR(text)
  return [mapped(address), address.kind() === 'ipv4' ? 96 + length : length]
}

export function isInNetworks(address: string, networks: readonly Network[]): boolean {
  if (!isAddress(address)) return false
  const candidate = mapped(ipaddr.parse(address))
  return networks.some((network) => candidate.match(network))
}

/** An address in its usual notation; an IPv4 address that is mapped into IPv6 becomes plain IPv4. Any other text is unchanged. */
export function normalizeAddress(text: string): string {
  return isAddress(text) ? ipaddr.process(text).toString() : text
}

/** The first 64 bits of an IPv6 address, because one client usually has all addresses below them. Any other text is unchanged. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address
  return ipaddr.IPv6.parse(address)
    .parts.slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')
}

/** Node rejects the short, octal and hexadecimal forms of IPv4 that `ipaddr.js` accepts. */
function isAddress(text: string): boolean {
  return isIP(text) !== 0 && ipaddr.isValid(text)
}

function mapped(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv6 {
  return address instanceof ipaddr.IPv4 ? address.toIPv4MappedAddress() : address
}
