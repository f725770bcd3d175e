/** ImageKit expects the private key as the user name of Basic auth, without a password: https://imagekit.io/docs/api-overview */
export function authorizationOf(privateKey: string): string {
  return `Basic ${Buffer.from(`${privateKey}:`).toString('base64')}`
}
