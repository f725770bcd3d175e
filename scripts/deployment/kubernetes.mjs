import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { checkEnvironment, SECRETS } from './environment.mjs'

const FOLDER = 'deploy/kubernetes'

/** Throws unless the manifests have the fields and types of Kubernetes' API, and agree with the image. Returns the number of objects. */
export function checkKubernetes(image) {
  const objects = readdirSync(FOLDER).flatMap((file) =>
    parseAllDocuments(readFileSync(join(FOLDER, file), 'utf8')).map((document) => {
      if (document.errors.length > 0) throw new Error(`${file}: ${document.errors[0].message}`)
      return { file, object: document.toJS() }
    }),
  )
  checkTypes(objects)
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  for (const { file, object } of objects)
    if (object.spec.template !== undefined) checkPod(`${file}: ${object.kind}`, object, { image, version })
  return objects.length
}

/** The compiler reports an unknown field, which Kubernetes would ignore, as well as one of a wrong type. */
function checkTypes(objects) {
  const types = resolve('node_modules/kubernetes-types')
  const declarations = objects.map(({ object }, index) => {
    const path = object.apiVersion === 'v1' ? 'core/v1' : object.apiVersion.replace('.k8s.io', '')
    const type = `import(${JSON.stringify(join(types, path))}).${object.kind}`
    return `export const object${index}: ${type} = ${JSON.stringify(object)}`
  })
  const folder = mkdtempSync(join(tmpdir(), 'kubernetes-'))
  try {
    const file = join(folder, 'objects.ts')
    writeFileSync(file, declarations.join('\n'))
    const options = ['--ignoreConfig', '--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext']
    execFileSync('npx', ['tsc', ...options, file], { encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const files = objects
      .map(({ file, object }, index) => `line ${index + 1}: ${file}, ${object.kind}`)
      .join('\n')
    throw new Error(`the manifests don't fit Kubernetes' API:\n${error.stdout}${files}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function checkPod(title, { spec: { template, selector, volumeClaimTemplates = [] } }, { image, version }) {
  const expect = (condition, text) => {
    if (!condition) throw new Error(`${title}: ${text}`)
  }
  const { spec, metadata } = template
  const [container] = spec.containers
  expect(JSON.stringify(selector.matchLabels) === JSON.stringify(metadata.labels), 'does not select its pods')
  expect(
    container.image.endsWith(`:${version}`),
    `the image must have the version of package.json, ${version}`,
  )
  expect(
    `${spec.securityContext.runAsUser}:${spec.securityContext.runAsGroup}` === image.user,
    `must run as ${image.user}`,
  )
  expect(image.ports.includes(container.ports[0].containerPort), `the image's port is ${image.ports.join()}`)
  for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe])
    expect(probe.httpGet.port === container.ports[0].name, 'a probe uses another port')
  const claims = volumeClaimTemplates.map(({ metadata: { name } }) => name)
  for (const { name, mountPath } of container.volumeMounts ?? [])
    expect(claims.includes(name) && mountPath === image.volume, `the image's volume is ${image.volume}`)
  const env = container.env.map(({ name, value, valueFrom }) => [
    name,
    value ?? SECRETS[valueFrom.secretKeyRef.key],
  ])
  checkEnvironment(title, { ...image.env, ...Object.fromEntries(env) })
}
