// The mock backend over HTTP, for browser tests: the built pages with the binary's strict content
// policy, and the few routes that the field app calls.
import { readFile } from 'node:fs/promises'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import type { SyncRequest } from '@allclear/engine'
import { Ledger } from './ledger'
import { townRoster, townShift } from './town'

const TYPES: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
}
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "font-src 'self'; connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
const ME = {
  account: '0190a000-0000-7000-8000-0000000000f1',
  name: 'registrar',
  display_name: '小林',
  grants: [{ role: 'registrar', area: '330784' }],
  device: null,
  expires_at: '2099-01-01T00:00:00Z',
}
const HOUR_MS = 3_600_000

export interface MockServer {
  url: string
  ledger: Ledger
  /** Requests that the server saw, method and path. */
  seen: string[]
  /** Changes a page or file before it is served: a new version, say. */
  edit: (path: string, body: Buffer) => Buffer | string
  /** Tokens that were taken back. */
  revoked: Set<string>
  close(): Promise<void>
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  return text === '' ? undefined : JSON.parse(text)
}

/** Serves `dist` and the mock API on a free port. */
export async function startMock(dist: string, population = 60): Promise<MockServer> {
  const ledger = new Ledger()
  const seen: string[] = []
  const sessions = new Set<string>()
  let devices = 0

  const json = (response: ServerResponse, status: number, value?: unknown, headers: Record<string, string> = {}) => {
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
    response.end(value === undefined ? '' : JSON.stringify(value))
  }
  const denied = (response: ServerResponse) =>
    json(response, 401, {
      type: 'https://allclear.invalid/problems/not_signed_in',
      title: 'Not signed in',
      status: 401,
      code: 'not_signed_in',
      text_zh: '请先登录。',
      text_en: 'Please sign in.',
    })

  async function api(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const now = new Date().toISOString()
    const cookie = /allclear_session=(\w+)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
    const token = request.headers.authorization?.replace('Bearer ', '') ?? ''
    const bearer = token.startsWith('device-') && !mock.revoked.has(token)
    switch (`${request.method} ${path}`) {
      case 'GET /session':
        return sessions.has(cookie) ? json(response, 200, ME) : denied(response)
      case 'POST /session': {
        const { password } = (await bodyOf(request)) as { password: string }
        if (password !== 'yongkang-demo') return denied(response)
        sessions.add('s1')
        return json(response, 200, ME, { 'set-cookie': 'allclear_session=s1; Path=/; HttpOnly; SameSite=Strict' })
      }
      case 'DELETE /session':
        sessions.delete(cookie)
        return json(response, 204)
      case 'POST /devices/enrol': {
        const { code } = (await bodyOf(request)) as { code: string | null }
        if (code !== 'ENROL-CODE' && !sessions.has(cookie)) return denied(response)
        devices += 1
        const device = `0190a000-0000-7000-8000-0000000001${String(devices).padStart(2, '0')}`
        return json(response, 201, { device, device_no: devices, token: `device-${devices}`, me: { ...ME, device } })
      }
    }
    if (!bearer) return denied(response)
    switch (`${request.method} ${path}`) {
      case 'GET /sites':
        return json(response, 200, { rows: [townShift(now).site] })
      case 'GET /field/shift':
        return json(response, 200, townShift(now))
      case 'GET /field/roster':
        return json(response, 200, await townRoster(population, now, new Date(Date.now() + 12 * HOUR_MS).toISOString()))
      case 'POST /sync':
        return json(response, 200, ledger.sync((await bodyOf(request)) as SyncRequest, now))
    }
    json(response, 404, { code: 'not_found', text_zh: '没有', text_en: 'Nothing', status: 404, title: '', type: '' })
  }

  async function page(response: ServerResponse, path: string): Promise<void> {
    const wanted = normalize(path.endsWith('/') ? `${path}index.html` : path)
    try {
      const body = await readFile(join(dist, wanted))
      const type = TYPES[extname(wanted)] ?? 'application/octet-stream'
      response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY, 'cache-control': 'no-cache' })
      response.end(mock.edit(path, body))
    } catch {
      response.writeHead(404).end()
    }
  }

  const mock: MockServer = {
    url: '',
    ledger,
    seen,
    edit: (_, body) => body,
    revoked: new Set(),
    close: () =>
      new Promise((done) => {
        server.closeAllConnections()
        server.close(() => done())
      }),
  }
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://mock')
    seen.push(`${request.method} ${pathname}`)
    const answer = pathname.startsWith('/api/v1/')
      ? api(request, response, pathname.slice('/api/v1'.length))
      : page(response, pathname)
    answer.catch(() => response.writeHead(500).end())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  mock.url = `http://127.0.0.1:${port}`
  return mock
}
