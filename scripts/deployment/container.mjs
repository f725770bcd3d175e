import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, readlinkSync, realpathSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Runs commands in a mount and process namespace with a root file system of their own, into which this system's programs are mounted:
 * what a container engine does, without the engine. Needs root on Linux.
 */
export function whyNoContainers() {
  if (process.platform !== 'linux') return 'this system is not Linux'
  if (process.getuid() !== 0) return 'this process is not root'
  try {
    execFileSync('unshare', ['--mount', '--pid', '--fork', 'true'], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    return `unshare failed: ${error.message}`
  }
}

/** The folder of Node's installation, if it is not in /usr. */
const NODE_HOME = dirname(dirname(realpathSync(process.execPath)))
const MOUNTED = ['/usr', '/etc', ...(NODE_HOME.startsWith('/usr') ? [] : [NODE_HOME])]

const NEW_NAMESPACES = ['--mount', '--pid', '--fork', '--kill-child']

/** The processes to end with this one: a check that fails or is interrupted leaves none behind. */
const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

/** Starts a process that ends at the latest with this one. */
export function spawnBound(program, args, options) {
  const child = spawn(program, args, options)
  running.add(child)
  child.once('close', () => running.delete(child))
  return child
}

/** Creates an empty root file system. */
export function createRoot(root) {
  for (const path of [...MOUNTED, '/proc', '/dev', '/tmp']) mkdirSync(join(root, path), { recursive: true })
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(readlinkSync(`/${name}`), join(root, name))
}

const MOUNT = `
set -e
umask 022
root=$1; mode=$2; proc=$3; shift 3
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
  mount --rbind "$1" "$root$2"
  if [ "$3" = ro ]; then mount -o remount,ro,bind "$root$2"; fi
  shift 3
done
shift
mount --rbind /dev "$root/dev"
mount -t proc -o "$proc" proc "$root/proc"
if [ "$mode" = ro ]; then mount -o remount,ro,bind "$root"; fi
exec chroot "$root" "$@"`

/**
 * Starts a command. `user`: `UID:GID`; without it, root. Without `isWritable`, the root file system is read-only, except for the mounts
 * that are writable. `procOptions`: of the mount of /proc. `mounts`: of `{ source, target, mode }`, where `mode` is `ro` or `rw`.
 */
export function startContainer({
  root,
  command,
  env = {},
  workdir = '/',
  user,
  isWritable = false,
  procOptions = 'defaults',
  mounts = [],
}) {
  const all = [...MOUNTED.map((path) => ({ source: path, target: path, mode: 'ro' })), ...mounts]
  const child = spawnBound(
    'unshare',
    [
      ...NEW_NAMESPACES,
      ...['sh', '-c', MOUNT, 'sh', root, isWritable ? 'rw' : 'ro', procOptions],
      ...all.flatMap(({ source, target, mode }) => [source, target, mode]),
      '--',
      ...inWorkdir(workdir, [...asUser(user), ...command]),
    ],
    {
      env: { PATH: `${join(NODE_HOME, 'bin')}:/usr/bin:/bin:/usr/sbin:/sbin`, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk
    })
  const exited = once(child, 'close').then(() => child.exitCode)
  return {
    output: () => output,
    exited,
    isRunning: () => child.exitCode === null,
    /** Runs a command in the container, as `docker exec` does. Returns its exit code. */
    exec(execCommand) {
      const target = firstProcess(child.pid)
      if (target === undefined) return 1
      const enter = [
        '--target',
        String(target),
        '--mount',
        '--pid',
        '--root',
        ...asUser(user),
        ...execCommand,
      ]
      try {
        execFileSync('nsenter', enter, {
          env: { PATH: `${join(NODE_HOME, 'bin')}:/usr/bin:/bin`, ...env },
          stdio: 'pipe',
          timeout: 5000,
        })
        return 0
      } catch (error) {
        if (error.code === 'ENOENT') throw error
        // Without a status, the container ended, or the command took too long.
        return error.status ?? 1
      }
    },
    /** Sends a signal to process 1, as an engine does. */
    kill(signal) {
      const target = firstProcess(child.pid)
      if (target === undefined) throw new Error(`the container has no process:\n${output}`)
      process.kill(target, signal)
    },
  }
}

/** Drops every capability, and forbids to gain any. */
function asUser(user) {
  if (user === undefined) return []
  const [uid, gid] = user.split(':')
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--no-new-privs',
    '--inh-caps=-all',
    '--bounding-set=-all',
  ]
}

function inWorkdir(workdir, command) {
  return ['sh', '-c', 'cd "$0" && exec "$@"', workdir, ...command]
}

/** The process that is number 1 inside: the only child of `unshare`; undefined before it has started and after it has ended. */
function firstProcess(pid) {
  const path = `/proc/${pid}/task/${pid}/children`
  const text = existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
  return text === '' ? undefined : Number(text)
}
