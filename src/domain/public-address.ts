import { BlockList, isIP } from 'node:net'
import { isLoopbackHost } from './loopback.ts'

/** https://www.iana.org/assignments/iana-ipv4-special-registry, and addresses used by cloud metadata services. */
const SPECIAL_IPV4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const

/**
 * https://www.iana.org/assignments/iana-ipv6-special-registry: inside global unicast these are Teredo and other protocol
 * assignments, documentation, and 6to4. All other special addresses (mapped, compatible and NAT64 addresses, unique-local,
 * link-local, multicast) are outside of it.
 */
const GLOBAL_UNICAST = [['2000::', 3]] as const
const SPECIAL_IPV6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const

// One list per family: a BlockList compares across families, which none of these rules intends.
const specialIpv4 = subnets(SPECIAL_IPV4, 'ipv4')
const globalUnicast = subnets(GLOBAL_UNICAST, 'ipv6')
const specialIpv6 = subnets(SPECIAL_IPV6, 'ipv6')

/** Whether a text is an IP address that can be a host on the public internet. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !specialIpv4.check(address, 'ipv4')
    case 6:
      return globalUnicast.check(address, 'ipv6') && !specialIpv6.check(address, 'ipv6')
    default:
      return false
  }
}

/** The host of a URL if it is known without a DNS lookup: an IP address, or a name of this machine; else undefined. */
export function literalHost(hostname: string): string | undefined {
  const host = hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
  return isIP(host) !== 0 || isLoopbackHost(host) ? host : undefined
}

/** Whether the host of a URL is known, without a DNS lookup, not to be on the public internet. */
export function isPrivateHost(hostname: string): boolean {
  const host = literalHost(hostname)
  return host !== undefined && !isPublicAddress(host)
}

function subnets(list: readonly (readonly [string, number])[], family: 'ipv4' | 'ipv6'): BlockList {
  const subnets = new BlockList()
  for (const [network, prefix] of list) subnets.addSubnet(network, prefix, family)
  return subnets
}
