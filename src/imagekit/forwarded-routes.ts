/** A route of ImageKit's API that the tracker can forward. */
export type ForwardedRoute = {
  /** The name of the operation in the API description. */
  id: string
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  summary: string
  /** The statuses of ImageKit's successful responses. */
  statuses: readonly number[]
  /** The query parameters that ImageKit documents. */
  query?: readonly string[]
  /** It has a JSON body. */
  hasBody?: true
  /** What a successful request deletes. */
  deletes?: 'file' | 'files' | 'folder'
  /** What a successful request may add versions to, if there is one at the destination. */
  overwrites?: 'file' | 'folder'
  /** A successful request makes another version of the file the current one. */
  restores?: true
}

/**
 * The routes that can be forwarded: no other request is. `/v1/accounts` is left out, because it returns secrets that sign URLs. In the
 * order in which they must be matched: a fixed segment before a parameter.
 */
export const FORWARDED_ROUTES: readonly ForwardedRoute[] = [
  {
    id: 'listFiles',
    method: 'GET',
    path: '/v1/files',
    summary: 'List and search files and folders',
    statuses: [200],
    query: ['type', 'sort', 'path', 'searchQuery', 'fileType', 'name', 'tags', 'limit', 'skip'],
  },
  { ...change('copyFile', 'POST', '/v1/files/copy', 'Copy a file', [204]), overwrites: 'file' },
  { ...change('moveFile', 'POST', '/v1/files/move', 'Move a file', [204]), overwrites: 'file' },
  change('renameFile', 'PUT', '/v1/files/rename', 'Rename a file', [200, 207]),
  change('addTags', 'POST', '/v1/files/addTags', 'Add tags to files', [200, 207]),
  change('removeTags', 'POST', '/v1/files/removeTags', 'Remove tags from files', [200, 207]),
  change('removeAiTags', 'POST', '/v1/files/removeAITags', 'Remove AI tags from files', [200, 207]),
  {
    ...change('deleteFiles', 'POST', '/v1/files/batch/deleteByFileIds', 'Delete files', [200, 207]),
    deletes: 'files',
  },
  change('purgeCache', 'POST', '/v1/files/purge', 'Purge the cache of a URL', [201]),
  read('getPurge', '/v1/files/purge/:requestId', 'Get the status of a purge request'),
  read('getFile', '/v1/files/:fileId/details', 'Get the details of a file'),
  read('getFileMetadata', '/v1/files/:fileId/metadata', 'Get the metadata of a file'),
  read('listFileVersions', '/v1/files/:fileId/versions', 'List the versions of a file'),
  read('getFileVersion', '/v1/files/:fileId/versions/:versionId', 'Get a version of a file'),
  remove('deleteFileVersion', '/v1/files/:fileId/versions/:versionId', 'Delete a version of a file'),
  {
    id: 'restoreFileVersion',
    method: 'PUT',
    path: '/v1/files/:fileId/versions/:versionId/restore',
    summary: 'Restore a version of a file',
    statuses: [200],
    restores: true,
  },
  { ...remove('deleteFile', '/v1/files/:fileId', 'Delete a file'), deletes: 'file' },
  change('createFolder', 'POST', '/v1/folder', 'Create a folder', [201]),
  {
    ...remove('deleteFolder', '/v1/folder', 'Delete a folder with everything in it'),
    hasBody: true,
    deletes: 'folder',
  },
  {
    ...change('copyFolder', 'POST', '/v1/bulkJobs/copyFolder', 'Start a job that copies a folder', [200]),
    overwrites: 'folder',
  },
  {
    ...change('moveFolder', 'POST', '/v1/bulkJobs/moveFolder', 'Start a job that moves a folder', [200]),
    overwrites: 'folder',
  },
  change('renameFolder', 'POST', '/v1/bulkJobs/renameFolder', 'Start a job that renames a folder', [202]),
  { ...read('getFolderJob', '/v1/bulkJobs/:jobId', 'Get the status of a job'), statuses: [200, 207] },
  {
    ...read('listMetadataFields', '/v1/customMetadataFields', 'List the custom metadata fields'),
    query: ['includeDeleted', 'folderPath'],
  },
  change('createMetadataField', 'POST', '/v1/customMetadataFields', 'Create a custom metadata field', [201]),
  change(
    'updateMetadataField',
    'PATCH',
    '/v1/customMetadataFields/:id',
    'Change a custom metadata field',
    [200],
  ),
  remove('deleteMetadataField', '/v1/customMetadataFields/:id', 'Delete a custom metadata field'),
  read('listSavedExtensions', '/v1/saved-extensions', 'List the saved extensions'),
  read('getSavedExtension', '/v1/saved-extensions/:id', 'Get a saved extension'),
]

function read(id: string, path: string, summary: string): ForwardedRoute {
  return { id, method: 'GET', path, summary, statuses: [200] }
}

function remove(id: string, path: string, summary: string): ForwardedRoute {
  return { id, method: 'DELETE', path, summary, statuses: [204] }
}

function change(
  id: string,
  method: 'POST' | 'PUT' | 'PATCH',
  path: string,
  summary: string,
  statuses: readonly number[],
): ForwardedRoute {
  return { id, method, path, summary, statuses, hasBody: true }
}
