import { expect, test } from 'vitest'
import { parseTarget } from '../../../src/notifications/target-guard.ts'

// Any port is allowed. The address is checked only when a connection is made.
test.each([
  'http://example.com/hook',
  'https://example.com:8443/hook?appId=1',
  'https://example.com:22/',
  'HTTPS://EXAMPLE.com',
])('%s can be a target', (target) => expect(parseTarget(target)).toBeInstanceOf(URL))

test.each([
  ['not_a_url', ''],
  ['not_a_url', '/hook'],
  ['not_a_url', 'example.com/hook'],
  ['not_a_url', 'http://'],
  ['not_a_url', 'http://[fe80::1%25eth0]/'],
  ['not_a_url', 'http://1.2.3.4.5/'],
  ['scheme_not_allowed', 'file:///etc/passwd'],
  ['scheme_not_allowed', 'ftp://example.com/'],
  ['scheme_not_allowed', 'gopher://example.com/'],
  ['scheme_not_allowed', 'unix:/var/run/docker.sock'],
  ['scheme_not_allowed', 'javascript:alert(1)'],
  ['credentials_in_url', 'https://user:secret@example.com/'],
  ['credentials_in_url', 'https://user@example.com/'],
  ['credentials_in_url', 'https://:secret@example.com/'],
])('%s is returned for "%s"', (rejection, target) => expect(parseTarget(target)).toBe(rejection))
