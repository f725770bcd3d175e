// Checks the files for deployment without a container engine: runs the steps of the Dockerfile, and the services of the compose files
// and of the systemd unit, in namespaces of this system; checks the compose files and the Kubernetes manifests for what they contain.
// docs/deployment.md says what this does not cover.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { COMPOSE_FILES, checkCompose, checkWithDocker, findDockerCompose } from './deployment/compose.mjs'
import { whyNoContainers } from './deployment/container.mjs'
import { contextPaths, imageSettings, parseDockerfile } from './deployment/dockerfile.mjs'
import { checkEnvFile } from './deployment/environment.mjs'
import { buildImages } from './deployment/image.mjs'
import { checkKubernetes } from './deployment/kubernetes.mjs'
import { runImages } from './deployment/run-images.mjs'
import { runTwoTrackers } from './deployment/run-two-trackers.mjs'
import { runUnit } from './deployment/run-unit.mjs'
import { analyzeUnit, checkUnit } from './deployment/systemd.mjs'

const startedAt = performance.now()
const report = (text) => console.log(`deployment: ${text}`)

const stages = parseDockerfile(readFileSync('Dockerfile', 'utf8'))
const settings = { tracker: imageSettings(stages, 'tracker'), sandbox: imageSettings(stages, 'sandbox') }

const nodeVersion = readFileSync('.nvmrc', 'utf8').trim()
const baseImage = stages.get('base').from
if (!baseImage.startsWith(`node:${nodeVersion}-`))
  throw new Error(`Dockerfile: the base image is ${baseImage}, but .nvmrc says ${nodeVersion}`)

checkEnvFile(settings.tracker)
const dockerCompose = findDockerCompose()
for (const file of COMPOSE_FILES) {
  checkCompose(file, settings)
  if (dockerCompose !== undefined) checkWithDocker(file, dockerCompose)
}
report(`${COMPOSE_FILES.length} compose files agree with the Dockerfile and the configuration`)
report(
  dockerCompose === undefined
    ? 'left out: docker compose config, because it is not installed'
    : 'docker compose config accepts them',
)
report(
  `${checkKubernetes(settings.tracker)} Kubernetes objects have the fields of its API, and agree with the image`,
)
checkUnit()
const exposure = analyzeUnit()
report(
  exposure === undefined
    ? 'left out: systemd-analyze, because it is not installed'
    : `systemd-analyze security: ${exposure}`,
)

const reason = whyNoContainers()
if (reason !== undefined)
  report(`left out: the steps of the Dockerfile, and everything that runs, because ${reason}`)
else {
  const folder = mkdtempSync(join(tmpdir(), 'deployment-'))
  try {
    const paths = contextPaths(readFileSync('.dockerignore', 'utf8'))
    const roots = await buildImages({ stages, paths, folder, report })
    report(`built ${roots.size} stages`)
    const imageRoot = roots.get('tracker')
    const volumes = mkdtempSync(join(folder, 'volumes-'))
    await runImages({ roots, settings, folder: volumes, report })
    await runUnit({ imageRoot, folder: volumes, report })
    await runTwoTrackers({ root: imageRoot, image: settings.tracker, folder: volumes, report })
  } finally {
    rmSync(folder, { recursive: true })
  }
}
report(`done in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
