export default {
  // The tracker reads its own files and has native code, so it must not be bundled.
  serverExternalPackages: ['imagekit-extension-tracker'],
  // Some of ImageKit's SDKs send a slash at the end.
  skipTrailingSlashRedirect: true,
}
