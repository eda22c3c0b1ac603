// The real binary on a free port, on a demo store of its own that ends with the run.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../../..')
const START_MS_MAX = 120_000

export function binary() {
  if (process.env.ALLCLEAR_BIN) return resolve(process.env.ALLCLEAR_BIN)
  const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target')
  const built = ['debug', 'release'].map((profile) => join(target, profile, 'allclear')).find((path) => existsSync(path))
  if (!built) throw new Error('there is no allclear binary: cargo build -p allclear-server --bin allclear')
  return built
}

const freePort = () =>
  new Promise((done, fail) => {
    const probe = createServer()
    probe.once('error', fail)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => done(port))
    })
  })

/** Starts `allclear serve`, by default as a demo, and waits until it answers. */
export async function startServer({ population = 5000, demo = true } = {}) {
  const home = mkdtempSync(join(tmpdir(), 'allclear-e2e-'))
  const port = await freePort()
  const args = ['serve', '--listen', `127.0.0.1:${port}`]
  if (demo) args.push('--demo', '--population', String(population))
  // A browser on the same two cores is load too, and would send the server into a reduced mode.
  const env = { ...process.env, ALLCLEAR_MODES: 'ordered' }
  const child = spawn(binary(), args, { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const log = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => log.push(String(chunk)))
  const ended = new Promise((done) => child.once('exit', done))
  const base = `http://127.0.0.1:${port}`
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    rmSync(home, { recursive: true, force: true })
  }
  for (const began = Date.now(); ; ) {
    const answer = await fetch(`${base}${demo ? '/api/v1/demo' : '/healthz'}`).catch(() => undefined)
    const ready = answer?.ok && (demo || log.join('').includes('/setup?code='))
    if (ready) return { base, home, port, demo: demo ? await answer.json() : undefined, log: () => log.join(''), stop }
    if (child.exitCode !== null || Date.now() - began > START_MS_MAX) {
      await stop()
      throw new Error(`the server did not start:\n${log.join('')}`)
    }
    await new Promise((done) => setTimeout(done, 200))
  }
}

/** A server that runs already: `ALLCLEAR_URL=http://127.0.0.1:8080 npm run e2e`. */
export async function borrowServer(base) {
  const answer = await fetch(`${base}/api/v1/demo`)
  if (!answer.ok) throw new Error(`${base} does not run as a demo`)
  return { base, demo: await answer.json(), log: () => '', stop: async () => undefined }
}
