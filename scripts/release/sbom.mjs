import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Development dependencies whose code is part of the package: the build copies RapiDoc's bundle. */
const BUNDLED = ['rapidoc']

/**
 * A software bill of materials of the project in `directory`, in CycloneDX: what npm knows from the lockfile about the packages that
 * users get, on any system. The same lockfile and `sourceDateEpoch`, in seconds, give the same document.
 */
export function createSbom(directory, sourceDateEpoch) {
  const manifest = readJson(join(directory, 'package.json'))
  const { metadata, components, dependencies, ...document } = runNpm(directory, manifest)
  const graph = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]))
  const direct = graph.get(metadata.component['bom-ref'])
  const reachableFrom = (names) =>
    findReachable(
      direct.filter((ref) => names.includes(nameOf(ref))),
      graph,
    )
  const required = reachableFrom(Object.keys(manifest.dependencies))
  const bundled = reachableFrom(BUNDLED)
  const shipped = components.map((component) => {
    const ref = component['bom-ref']
    return {
      ...component,
      scope: required.has(ref) || bundled.has(ref) ? 'required' : 'optional',
      properties: bundled.has(ref) ? [{ name: 'cdx:npm:package:bundled', value: 'true' }] : [],
    }
  })
  return {
    ...document,
    serialNumber: serialNumberOf(shipped),
    metadata: {
      ...metadata,
      timestamp: new Date(sourceDateEpoch * 1000).toISOString(),
      // npm takes the name of the folder.
      component: { ...metadata.component, name: manifest.name },
    },
    components: shipped,
    dependencies,
  }
}

/**
 * Runs `npm sbom` on a lockfile of only the packages that users get. Its own option `--omit=dev` also omits dependencies that development
 * dependencies use too, such as `pg`.
 */
function runNpm(directory, manifest) {
  const lockfile = readJson(join(directory, 'package-lock.json'))
  const packages = { ...lockfile.packages, '': withoutDevelopment(lockfile.packages['']) }
  const paths = ['', ...findInstalled(packages)].toSorted()
  const shipped = Object.fromEntries(paths.map((path) => [path, packages[path]]))
  const copy = mkdtempSync(join(tmpdir(), 'sbom-'))
  try {
    writeFileSync(join(copy, 'package.json'), JSON.stringify(withoutDevelopment(manifest)))
    writeFileSync(join(copy, 'package-lock.json'), JSON.stringify({ ...lockfile, packages: shipped }))
    const options = ['--package-lock-only', '--sbom-format=cyclonedx']
    return JSON.parse(execFileSync('npm', ['sbom', ...options], { cwd: copy, encoding: 'utf8' }))
  } finally {
    rmSync(copy, { recursive: true })
  }
}

function withoutDevelopment({ devDependencies, ...manifest }) {
  const bundled = Object.fromEntries(BUNDLED.map((name) => [name, devDependencies[name]]))
  return { ...manifest, dependencies: { ...manifest.dependencies, ...bundled } }
}

/** The paths in a lockfile of the packages that the root needs. */
function findInstalled(packages) {
  const found = new Set()
  // The loop also visits what is added meanwhile.
  for (const path of found.add('')) {
    const {
      dependencies,
      optionalDependencies,
      peerDependencies = {},
      peerDependenciesMeta = {},
    } = packages[path]
    const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional)
    for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) {
      const resolved = resolvePackage(packages, path, name)
      if (resolved !== undefined) found.add(resolved)
    }
  }
  found.delete('')
  return found
}

/** Where Node finds a package: in the node_modules of the one that imports it, or of a folder above. */
function resolvePackage(packages, path, name) {
  const candidate = join(path, 'node_modules', name)
  if (candidate in packages) return candidate
  if (path === '') return undefined
  return resolvePackage(packages, path.slice(0, Math.max(path.lastIndexOf('node_modules/') - 1, 0)), name)
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** `@scope/name@1.2.3` → `@scope/name`. */
function nameOf(ref) {
  return ref.slice(0, ref.lastIndexOf('@'))
}

function findReachable(refs, graph) {
  const found = new Set(refs)
  // The loop also visits what is added meanwhile.
  for (const ref of found) for (const next of graph.get(ref) ?? []) found.add(next)
  return found
}

/** npm takes a random UUID. This one is derived from the components (version 8 of RFC 9562: vendor-specific). */
function serialNumberOf(components) {
  const bytes = createHash('sha256').update(JSON.stringify(components)).digest().subarray(0, 16)
  bytes[6] = (bytes[6] & 0x0f) | 0x80
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const uuid = bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  return `urn:uuid:${uuid}`
}
