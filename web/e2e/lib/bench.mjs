// People of the laboratory and of the field who act without a page: to set a stage, and to know afterwards.
import { randomBytes } from 'node:crypto'
import { accountOf } from './browser.mjs'

/** Signs in as `role`; answers `get`, `post` and `delete` under `/api/v1`. */
export async function clerk(server, role) {
  const headers = { 'X-Allclear': '1', 'Content-Type': 'application/json' }
  const call = async (method, path, body) => {
    const answer = await fetch(`${server.base}/api/v1${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    if (path === '/session') headers.Cookie = answer.headers.get('set-cookie').split(';')[0]
    const text = await answer.text()
    return text ? JSON.parse(text) : undefined
  }
  const { name, password } = accountOf(server.demo, role)
  await call('POST', '/session', { name, password })
  return { get: (path) => call('GET', path), post: (path, body = {}) => call('POST', path, body), delete: (path) => call('DELETE', path) }
}

/** A UUIDv7 of now. */
function uuid() {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(Date.now(), 0, 6)
  bytes[6] = (bytes[6] & 0x0f) | 0x70
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Sends field facts under a device's token, each recorded. */
export function fieldOf(server, device) {
  let seq = 0
  return async (operations) => {
    const commands = operations.map((op) => {
      seq += 1
      return { ...op, id: uuid(), device_seq: seq, at: new Date().toISOString(), offline: false }
    })
    const answer = await fetch(`${server.base}/api/v1/sync`, {
      method: 'POST',
      headers: { 'X-Allclear': '1', 'Content-Type': 'application/json', Authorization: `Bearer ${device.token}` },
      body: JSON.stringify({ sent_at: new Date().toISOString(), commands }),
    })
    if (!answer.ok) throw new Error(`sync: ${answer.status} ${await answer.text()}`)
    const odd = (await answer.json()).outcomes.find((outcome) => outcome.state !== 'recorded')
    if (odd) throw new Error(`not recorded: ${JSON.stringify(odd)}`)
  }
}

/** Swabs of some persons into a tube, and its seal. */
export const filled = (round, site, code, kind, cards) => [
  ...cards.map((card) => ({
    op: 'record_collection',
    round,
    site,
    station: 1,
    tube: code,
    tube_kind: kind,
    person: { by: 'code', code: card },
    id_mode: 'code',
  })),
  { op: 'seal_tube', tube: code, counted: cards.length, difference_signed_by: null },
]
