// See `../faults.mjs` for how a fault is written (`in`, `nth`), and `../edits.mjs` for its operators (`assume`, …) and `$&`.

/** More is forwarded than may be, or what a forwarded request changes is not noticed. */
export const FAULTS_IN_PASSTHROUGH = [
  {
    name: 'read-forwards-changes',
    in: 'isForwarded',
    return: "mode !== 'off'",
    tests: ['passthrough-modes'],
  },
  {
    name: 'an-api-key-deletes-files',
    in: 'requiresAdmin',
    return: "method === 'NONE' || path === ''",
    tests: ['integration/passthrough'],
  },
  {
    name: 'encoded-dots-and-slashes-are-forwarded',
    in: 'decodeSegment',
    replace: ['ENCODED_SPECIAL.test', 'false'],
    tests: ['domain/passthrough'],
  },
  {
    name: 'the-target-is-not-checked',
    in: 'forwardOperation',
    replace: ['readTarget', "{ path: (incoming.url ?? '').replace(/[?].*/, ''), params: {}, query: '' }"],
    tests: ['http/forwarded-routes'],
  },
  {
    name: 'the-callers-headers-are-forwarded',
    in: 'createForwarder',
    replace: ['pickHeaders', '(forwarded.headers as { [name: string]: string })'],
    nth: 1,
    tests: ['http/forwarded-routes'],
  },
  {
    name: 'runs-of-a-deleted-file-stay-pending',
    in: 'forwardRequest',
    replace: ['recordGone', 'Promise.resolve()'],
    nth: 1,
    tests: ['integration/passthrough'],
  },
  {
    name: 'runs-of-deleted-files-stay-pending',
    in: 'readDeletedFileIds',
    return: 'text === "" ? [text] : []',
    tests: ['integration/passthrough'],
  },
  {
    name: 'runs-of-files-in-a-deleted-folder-stay-pending',
    in: 'recordFolderGone',
    replace: ['recordGone', 'Promise.resolve()'],
    tests: ['passthrough-tracking'],
  },
  {
    name: 'every-file-of-a-deleted-folders-name-is-gone',
    in: 'recordFolderGone',
    assume: ['found.value', true],
    tests: ['passthrough-tracking'],
  },
  {
    name: 'a-copied-version-is-evidence',
    in: 'recordOverwrites',
    replace: ['findUnsettledFiles', '([] as string[])'],
    tests: ['passthrough-tracking'],
  },
  {
    name: 'a-restored-version-is-evidence',
    in: 'forwardRequest',
    assume: ['restores', false],
    tests: ['passthrough-tracking'],
  },
  {
    name: 'a-version-copied-to-an-expired-file-is-evidence',
    in: 'findUnsettledFiles',
    replace: ['findFilesAt', '([] as string[])'],
    nth: 2,
    tests: ['passthrough-tracking'],
  },
  {
    name: 'forwarded-requests-are-not-limited',
    in: 'limited',
    replace: ['limiter.run', 'work()'],
    tests: ['http/forwarded-routes'],
  },
  {
    name: 'any-saved-extension-id-is-looked-up',
    in: 'createSavedExtensionNames',
    replace: ['isFileId', 'true'],
    tests: ['saved-extension-names'],
  },
  {
    name: 'a-rejected-copy-explains-a-version',
    in: 'responseOf',
    assume: ['isRejected', false],
    nth: 2,
    tests: ['passthrough-tracking'],
  },
  {
    name: 'a-saved-extension-is-not-looked-up',
    in: 'openSubmission',
    replace: ['realNameOf', 'extension.name'],
    tests: ['saved-extension-names'],
  },
  {
    name: 'an-unrequested-extension-is-taken-for-a-saved-one',
    in: 'countUnnamed',
    assume: ['findPlaceholder', false],
    tests: ['domain/saved-extension'],
  },
  {
    name: 'saved-extensions-are-looked-up-each-time',
    in: 'createSavedExtensionNames',
    remove: 'names.set',
    tests: ['saved-extension-names'],
  },
  {
    name: 'the-signature-of-an-upload-covers-more',
    in: 'signUpload',
    replace: ['createHmac', "createHmac('sha1', privateKey).update('x')"],
    tests: ['upload-auth'],
  },
]
