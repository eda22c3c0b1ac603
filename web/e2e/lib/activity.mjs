// A day under way behind the pages: swabs in most villages, boxes on their way, tubes at the laboratory, results out.
// Pages are photographed on it, and scanned with rows in their tables.
import { clerk, filled } from './bench.mjs'
import { enrolDevice } from './device.mjs'
import { box, tube } from './labels.mjs'
import { commandId, send } from './sync.mjs'

/** How much of a village has come, by turns. */
const COME = [0.9, 0.6, 0.3, 0]
const POOL = 10
/** Commands of one request. */
const BATCH = 180
/** The first tube of the day: a trace begins with it. */
export const FIRST_TUBE = tube(500_000)
/** A pool of the day that came out positive and is followed up. */
export const POOL_TUBE = tube(500_017)
/** Tubes that the laboratory has: of the first, results are in; of the next, they are on two plates; the rest waits. */
const [RESULTED, PLATED, RECEIVED] = [40, 56, 60]

export async function dayUnderWay(server) {
  const device = await enrolDevice(server)
  const sites = await device.sites()
  const [round] = (await device.get(`/field/shift?site=${sites[0].id}`)).rounds
  const tubes = []
  const boxes = []
  /** Somebody who has come, by site. */
  const met = []
  let waiting = []
  let seq = 0
  const flush = async () => {
    // One site may have more to tell than a request takes.
    for (; waiting.length > 0; waiting = waiting.slice(BATCH)) {
      const at = new Date().toISOString()
      const commands = waiting.slice(0, BATCH).map((op) => ({ ...op, id: commandId(), device_seq: (seq += 1), at, offline: false }))
      const outcomes = await send(server, device, commands)
      const odd = outcomes.find((outcome) => outcome.state === 'refused')
      if (odd) throw new Error(`refused: ${JSON.stringify(odd)}`)
    }
  }
  for (const [turn, site] of sites.entries()) {
    const share = COME[turn % COME.length]
    if (share === 0) continue
    const { entries } = await device.roster(site.id)
    const cards = entries.filter((entry) => !entry.sampled && entry.codes.length > 0).map((entry) => entry.codes[0])
    const come = cards.slice(0, Math.floor(cards.length * share))
    const here = []
    for (let from = 0; from < come.length; from += POOL) {
      here.push(tube(500_000 + tubes.length + here.length))
      waiting.push(...filled(round.id, site.id, here.at(-1), 'pool10', come.slice(from, from + POOL)))
    }
    tubes.push(...here)
    if (come.length > 0) met.push({ site, card: come[0] })
    // Every second village has packed.
    if (turn % 2 === 0 && here.length > 0) {
      const code = box(50_000 + turn)
      boxes.push({ code, tubes: here })
      waiting.push(...here.map((packed) => ({ op: 'pack_tube', box: code, tube: packed, site: site.id })))
      waiting.push({ op: 'seal_box', box: code, counted: here.length, difference_signed_by: null })
    }
    if (waiting.length >= BATCH) await flush()
  }
  // What a desk must decide: some come a second time, and some are known to nobody.
  for (const [turn, { site, card }] of met.slice(0, 4).entries()) {
    const [swab] = filled(round.id, site.id, tube(900_000 + turn), 'pool10', [card])
    waiting.push(swab, { ...swab, person: { by: 'no', no: 9_000_000 + turn }, id_mode: 'typed' })
  }
  await flush()
  await laboratory(server, tubes.slice(0, RECEIVED))
  const [coming, lost] = boxes.filter((one) => one.tubes.length > 1 && !tubes.slice(0, RECEIVED).includes(one.tubes[0])).slice(-2)
  await lostTube(server, lost, { close: true })
  await lostTube(server, coming, { close: false })
  await headquarters(server)
}

const labOf = async (entry) => `/labs/${(await entry.get('/labs'))[0].id}`
const scans = (codes) => codes.map((code) => ({ code, damage: null, note: null }))

async function laboratory(server, tubes) {
  const [entry, release] = [await clerk(server, 'lab_entry'), await clerk(server, 'lab_release')]
  const lab = await labOf(entry)
  const { id } = await entry.post(`${lab}/receptions`, { boxes: [] })
  // One of them is known to nobody, and put aside.
  await entry.post(`${lab}/receptions/${id}/scans`, scans([...tubes, tube(990_001)]))
  const rows = tubes.slice(0, RESULTED).map((code, i) => ({ tube: code, value: i === 17 || i === 30 ? 'positive' : 'negative' }))
  await entry.post(`${lab}/results`, { run: null, source: 'typed', rows })
  for (const { tube: code, value } of rows.slice(0, 24)) await release.post(`${lab}/tubes/${code}/release`, { value })
  const half = (RESULTED + PLATED) / 2
  await plate(entry, lab, 'P-0501', tubes.slice(RESULTED, half))
  // Read a minute after it began, and its negative control came out positive.
  const bad = await plate(entry, lab, 'P-0502', tubes.slice(half, PLATED))
  const read = tubes.slice(half, PLATED).map((code) => ({ tube: code, value: 'negative' }))
  const controls = [['negative_control', 'positive'], ['positive_control', 'positive']].map(([control, value]) => ({ control, value }))
  await entry.post(`${lab}/results`, { run: bad, source: 'typed', rows: read, controls })
}

/** A plate on its instrument, with both controls; answers its run. */
async function plate(entry, lab, name, tubes) {
  const [[instrument], [kit]] = [await entry.get(`${lab}/instruments`), await entry.get('/lab-kits')]
  const id = commandId()
  await entry.post(`${lab}/runs`, { id, name, instrument: instrument.id, kit: kit.id, lot: 'L20220105' })
  const put = (what) => entry.post(`${lab}/runs/${id}/wells`, { control: null, well: null, fill: null, ...what })
  await put({ tubes })
  await put({ control: 'negative_control', well: 'G12' })
  await put({ control: 'positive_control', well: 'H12' })
  await entry.post(`${lab}/runs/${id}/move`, { event: 'start' })
  return id
}

/** A box comes with a tube less than its list says; at the end somebody signs for it. */
async function lostTube(server, { code, tubes }, { close }) {
  const entry = await clerk(server, 'lab_entry')
  const lab = await labOf(entry)
  const { id } = await entry.post(`${lab}/receptions`, { boxes: [code] })
  await entry.post(`${lab}/receptions/${id}/scans`, scans(tubes.slice(1)))
  if (close) await entry.post(`${lab}/receptions/${id}/close`, { difference_signed_by: '陈晓' })
}

/** Somebody is exempt, and the first site of the list has a shift. */
async function headquarters(server) {
  const hq = await clerk(server, 'headquarters')
  const { rows: [found] } = await hq.post('/people/search', { text: server.demo.residents.at(-1).code })
  await hq.post('/exemptions', { person: found.no, reason: 'medical', note: '术后', from_at: null, until_at: null })
  const { rows: [site] } = await hq.get('/sites/states')
  const [worker] = await hq.get(`/sites/${site.id}/workers`)
  const at = (hours) => new Date(Date.now() + hours * 3_600_000).toISOString()
  await hq.post(`/sites/${site.id}/shifts`, { station: 1, account: worker.account, from_at: at(0), until_at: at(6) })
}
