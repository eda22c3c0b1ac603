// A device of the field that speaks to the real binary without a browser: to learn whose codes a
// film must show, and what the server knows afterwards.
import { createECDH } from 'node:crypto'
import { accountOf } from './browser.mjs'

/** Enrols a device for `role` and answers what it can ask. */
export async function enrolDevice(server, role = 'registrar') {
  const call = async (method, path, { token, cookie, body } = {}) => {
    const headers = { 'X-Allclear': '1', 'Content-Type': 'application/json' }
    if (token) headers.Authorization = `Bearer ${token}`
    if (cookie) headers.Cookie = cookie
    const answer = await fetch(`${server.base}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer
  }
  const { name, password } = accountOf(server.demo, role)
  const signedIn = await call('POST', '/session', { body: { name, password } })
  const cookie = signedIn.headers.get('set-cookie').split(';')[0]
  const pair = createECDH('prime256v1')
  pair.generateKeys()
  const body = { code: null, label: 'e2e', public_key: pair.getPublicKey().toString('base64url') }
  const { token } = await (await call('POST', '/devices/enrol', { cookie, body })).json()
  const get = async (path) => (await call('GET', path, { token })).json()
  return {
    token,
    sites: async () => (await get('/sites')).rows,
    roster: (site) => get(`/field/roster?site=${site}`),
    get,
  }
}

/** A site with enough people, and its roster. */
export async function busySite(device, people = 12) {
  for (const site of await device.sites()) {
    const roster = await device.roster(site.id)
    if (roster.entries.length >= people) return { site, roster }
  }
  throw new Error('no site of the demo has enough people')
}
