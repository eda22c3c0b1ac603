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

export async function dayUnderWay(server) {
  const device = await enrolDevice(server)
  const sites = await device.sites()
  const [round] = (await device.get(`/field/shift?site=${sites[0].id}`)).rounds
  const tubes = []
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
  await laboratory(server, tubes.slice(0, 60))
}

async function laboratory(server, tubes) {
  const [entry, release] = [await clerk(server, 'lab_entry'), await clerk(server, 'lab_release')]
  const lab = `/labs/${(await entry.get('/labs'))[0].id}`
  const { id } = await entry.post(`${lab}/receptions`, { boxes: [] })
  await entry.post(`${lab}/receptions/${id}/scans`, tubes.map((code) => ({ code, damage: null, note: null })))
  const known = tubes.slice(0, 40)
  const rows = known.map((code, i) => ({ tube: code, value: i === 17 ? 'positive' : 'negative' }))
  await entry.post(`${lab}/results`, { run: null, source: 'typed', rows })
  for (const { tube: code, value } of rows.slice(0, 24)) await release.post(`${lab}/tubes/${code}/release`, { value })
}
