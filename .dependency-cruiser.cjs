/** The dependency table: arrows point inward. `npm run boundaries` checks it. */
const inside = (name, folders, never, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^src/(${folders})` },
  to: { path: never },
})

/** The store's port: types alone. What another folder may import of the store. */
const port = 'store/store[.]ts$'

module.exports = {
  forbidden: [
    inside(
      'domain-imports-nothing-of-ours',
      'domain/',
      '^src/(?!domain/)',
      'The words and rules stand alone.',
    ),
    inside(
      'contract-sees-domain',
      'contract/',
      '^src/(?!(contract|domain)/)',
      'The shapes of requests and responses depend on the vocabulary alone.',
    ),
    inside(
      'store-sees-domain',
      'store/',
      '^src/(?!(store|domain)/)',
      'A store knows the domain, nothing else.',
    ),
    inside(
      'port-sees-domain',
      port,
      '^src/(?!domain/)',
      'Whoever imports the port gets types, and nothing of an implementation.',
    ),
    inside('imagekit-sees-domain', 'imagekit/', '^src/(?!(imagekit|domain)/)', 'ImageKit’s words stop here.'),
    inside(
      'tracking-sees-domain-and-port',
      'tracking/',
      `^src/(?!(tracking|domain)/|${port})`,
      'Use cases take the methods they need of the store’s port, and declare what they need of ImageKit.',
    ),
    inside(
      'http-decides-nothing',
      '(http|admin|jobs)/',
      `^src/(?!${port})(store|metrics|sandbox|cli|config|service|main)`,
      'Edges translate. Of the store they know the port.',
    ),
    inside(
      'admin-speaks-to-people',
      'admin/',
      `^src/(?!(admin|http|contract|tracking|domain)/|${port})`,
      'Pages call use cases, and read requests as the routes do.',
    ),
    {
      name: 'admin-is-an-edge',
      comment: 'Only the composition root knows of the pages.',
      severity: 'error',
      from: { path: '^src/(?!(admin/|service))' },
      to: { path: '^src/admin/' },
    },
    inside(
      'sandbox-stands-alone',
      'sandbox/',
      '^src/(?!sandbox/|domain/(host-address|mutex)[.]|notifications/target-guard[.])',
      'The local ImageKit knows nothing of the tracker. Which addresses may be connected to is decided once.',
    ),
    inside(
      'notifications-see-domain',
      'notifications/',
      '^src/(?!(notifications|domain)/)',
      'A notification is sent without knowledge of what it reports.',
    ),
    inside(
      'metrics-sees-domain-and-port',
      'metrics/',
      `^src/(?!(metrics|domain)/|${port})`,
      'Prometheus is known here alone. Gauges read through the store’s port.',
    ),
    {
      name: 'prometheus-only-in-metrics',
      severity: 'error',
      from: { path: '^src/(?!metrics/)' },
      to: { path: 'node_modules/prom-client/' },
    },
    {
      name: 'sandbox-is-never-served',
      comment: 'The sandbox is for development; only its own command and the demo start it.',
      severity: 'error',
      from: { path: '^src/(?!(sandbox|cli)/)' },
      to: { path: '^src/sandbox/' },
    },
    {
      name: 'image-packages-are-optional',
      comment: 'The service runs without them. Only the sandbox and the demo load them, in one place.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/sandbox/optional-packages[.]' },
      to: {
        path: 'node_modules/(sharp|exifreader|file-type)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'image-packages-are-never-loaded-with-a-module',
      comment: 'A static import would fail where they are not installed, before a command can say so.',
      severity: 'error',
      from: { path: '^src/sandbox/optional-packages[.]' },
      to: { path: 'node_modules/(sharp|exifreader|file-type)/', dynamic: false },
    },
    inside(
      'config-is-pure',
      'config',
      '^src/(?!(config|domain))',
      'Configuration is parsed before anything exists.',
    ),
    {
      name: 'only-commands-wire',
      comment: 'The composition root is started by commands.',
      severity: 'error',
      from: { path: '^src/(?!(cli/|main|service))' },
      to: { path: '^src/(service|cli/|main)' },
    },
    {
      name: 'sql-only-in-store',
      severity: 'error',
      from: { path: '^src/(?!store/)' },
      to: { path: 'node_modules/(drizzle-orm|better-sqlite3|pg|postgres)/' },
    },
    {
      name: 'bench-reads-the-store-in-one-place',
      comment:
        'The tables are known to one file for each database, so that a change of them is a change there.',
      severity: 'error',
      from: { path: '^bench/(?!(tracker-database|postgres-database|peer-databases)[.])' },
      to: { path: '^(src|dist)/store/' },
    },
    {
      name: 'bench-is-never-imported',
      severity: 'error',
      from: { path: '^(src|test)/' },
      to: { path: '^(bench|dist-bench)/' },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    // With `types`, `#src/…` is a source file, as for the compiler.
    enhancedResolveOptions: {
      conditionNames: ['types', 'import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json'],
    },
  },
}
