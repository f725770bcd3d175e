/** The allowed imports: dependencies point inward. `npm run boundaries` checks them. */
const inside = (name, folders, never, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^src/(${folders})` },
  to: { path: never },
})

/** The store's port contains only types. Other folders import nothing else from the store. */
const port = 'store/store[.]ts$'

module.exports = {
  forbidden: [
    inside(
      'domain-imports-nothing-of-ours',
      'domain/',
      '^src/(?!domain/)',
      'The vocabulary and the rules depend on nothing else.',
    ),
    inside(
      'contract-imports-only-domain',
      'contract/',
      '^src/(?!(contract|domain)/)',
      'The schemas of requests and responses depend only on the vocabulary.',
    ),
    inside(
      'client-imports-only-itself-and-the-contract',
      'client/',
      '^src/(?!(client|contract)/)',
      'The client library knows only the requests and responses.',
    ),
    {
      name: 'client-imports-only-types-from-elsewhere',
      comment:
        'The client library runs without the rest, without packages and without Node.js: in browsers, too.',
      severity: 'error',
      from: { path: '^src/client/' },
      to: { pathNot: '^src/client/', dependencyTypesNot: ['type-only'] },
    },
    inside(
      'store-imports-only-domain',
      'store/',
      '^src/(?!(store|domain)/)',
      'A store depends only on the domain.',
    ),
    inside(
      'port-imports-only-domain',
      port,
      '^src/(?!domain/)',
      'The port must not pull in an implementation.',
    ),
    inside(
      'imagekit-imports-only-domain',
      'imagekit/',
      '^src/(?!(imagekit|domain)/)',
      'ImageKit’s terms stop here.',
    ),
    inside(
      'tracking-imports-only-domain-and-port',
      'tracking/',
      `^src/(?!(tracking|domain)/|${port})`,
      'Use cases take methods of the store’s port as dependencies, and declare what they need from ImageKit.',
    ),
    inside(
      'http-admin-and-jobs-import-no-implementations',
      '(http|admin|jobs)/',
      `^src/(?!${port})(store|metrics|tracing|sandbox|cli|config|service|main)`,
      'Routes, pages and jobs call use cases. They know only the port of the store.',
    ),
    inside(
      'admin-calls-use-cases',
      'admin/',
      `^src/(?!(admin|http|contract|tracking|domain)/|${port})`,
      'Pages call use cases, and read requests in the same way as the routes.',
    ),
    {
      name: 'only-service-imports-admin',
      comment: 'Only the composition root imports the pages.',
      severity: 'error',
      from: { path: '^src/(?!(admin/|service))' },
      to: { path: '^src/admin/' },
    },
    inside(
      'sandbox-imports-nothing-of-the-tracker',
      'sandbox/',
      '^src/(?!sandbox/|domain/(host-address|missing-package|mutex)[.]|notifications/target-guard[.])',
      'The local ImageKit does not depend on the tracker, except for the check of addresses, which exists only once.',
    ),
    inside(
      'notifications-import-only-domain',
      'notifications/',
      '^src/(?!(notifications|domain)/)',
      'Sending a notification does not depend on its content.',
    ),
    inside(
      'metrics-import-only-domain-and-port',
      'metrics/',
      `^src/(?!(metrics|domain)/|${port})`,
      'Only this folder uses Prometheus. Gauges read through the store’s port.',
    ),
    {
      name: 'prometheus-only-in-metrics',
      severity: 'error',
      from: { path: '^src/(?!metrics/)' },
      to: { path: 'node_modules/prom-client/' },
    },
    inside(
      'tracing-imports-only-domain',
      'tracing/',
      '^src/(?!(tracing|domain)/)',
      'Only this folder uses OpenTelemetry.',
    ),
    {
      name: 'opentelemetry-is-optional',
      comment: 'The service runs without the packages. One file loads them, if traces are enabled.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/tracing/open-telemetry[.]' },
      to: { path: 'node_modules/@opentelemetry/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'opentelemetry-is-imported-dynamically',
      severity: 'error',
      from: { path: '^src/tracing/open-telemetry[.]' },
      to: { path: 'node_modules/@opentelemetry/', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-cli-imports-sandbox',
      comment: 'The sandbox is for development; only its own command and the demo start it.',
      severity: 'error',
      from: { path: '^src/(?!(sandbox|cli)/)' },
      to: { path: '^src/sandbox/' },
    },
    {
      name: 'image-packages-are-optional',
      comment: 'The service runs without them. The sandbox and the demo load them, in one file.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/sandbox/optional-packages[.]' },
      to: {
        path: 'node_modules/(sharp|exifreader|file-type)/',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'image-packages-are-imported-dynamically',
      comment: 'A static import would fail without them, before a command could print the reason.',
      severity: 'error',
      from: { path: '^src/sandbox/optional-packages[.]' },
      to: { path: 'node_modules/(sharp|exifreader|file-type)/', dynamic: false },
    },
    inside(
      'config-imports-only-domain',
      'config',
      '^src/(?!(config|domain))',
      'Configuration is parsed before anything else is created.',
    ),
    {
      name: 'only-commands-and-the-package-start-the-service',
      comment: 'Only commands, and programs that embed the service, use the composition root.',
      severity: 'error',
      from: { path: '^src/(?!(cli/|main|service|index))' },
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
        'One file for each database knows the tables, so a change of the tables changes only that file.',
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
    { name: 'no-circular-imports', severity: 'error', from: {}, to: { circular: true } },
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
