// A tube that another table opened is scanned by mistake: the phone keeps the swab, and once it has
// asked the server it says which table holds the tube, over the whole screen and on its outbox page.
import { join } from 'node:path'
import { openPage, scan, settled } from '../lib/browser.mjs'
import { busySite, enrolDevice } from '../lib/device.mjs'
import { tube } from '../lib/labels.mjs'
import { flash, state, tab, takePost, wedge } from '../lib/phone.mjs'
import { commandId, send } from '../lib/sync.mjs'

export const name = 'a phone that scans a tube of another table says which table holds it'

const TURNS = [
  { lang: 'zh-CN', tag: 'zh', says: (site) => `采样管在 ${site} 3 号台手里` },
  { lang: 'en', tag: 'en', says: (site) => `Table 3 of ${site} holds this tube` },
]

export async function run({ browser, server, fault, out }) {
  const device = await enrolDevice(server)
  const { site, roster } = await busySite(device, 12)
  const people = roster.entries.filter((entry) => !entry.sampled && entry.codes.length > 0)
  const [{ id: round }] = (await device.get('/rounds')).rows.filter((entry) => entry.state === 'open')
  const other = (await device.sites()).find((entry) => entry.open && entry.id !== site.id)
  for (const [turn, { lang, tag, says }] of TURNS.entries()) {
    const code = tube(700_000 + (Date.now() % 99_999))
    const [theirs, ours] = people.slice(-2 * (turn + 1))
    await opened(server, device, { round, site: other.id, station: 3, tube: code, person: { by: 'code', code: theirs.codes[0] } }, turn)
    const { page, context, problems } = await openPage(browser, server.base, { width: 390, height: 844, lang })
    await takePost(page, server, site)
    await wedge(page, code)
    await flash(page, 'tube')
    await wedge(page, ours.codes[0])
    await page.waitForSelector('.flash.note')
    await page.screenshot({ path: join(out, `field-held-flash.${tag}.390x844.png`) })
    for (const finding of await scan(page)) fault(finding)
    const words = await flash(page, 'note')
    if (!words.includes(says(other.name))) fault(`the phone flashes: ${words}`)
    await tab(page, 'outbox')
    await state(page, 'exception', 1)
    await page.locator('.card.bad b', { hasText: says(other.name) }).waitFor()
    await settled(page)
    await page.screenshot({ path: join(out, `field-held-outbox.${tag}.390x844.png`) })
    for (const finding of await scan(page)) fault(finding)
    for (const problem of problems) fault(problem)
    await context.close()
  }
}

/** The first swab of a tube, from a table without a browser. */
async function opened(server, device, swab, turn) {
  const command = { id: commandId(), device_seq: turn + 1, at: new Date().toISOString(), offline: false, op: 'record_collection' }
  const [outcome] = await send(server, device, [{ ...command, ...swab, tube_kind: 'pool10', id_mode: 'code' }])
  if (outcome.state !== 'recorded') throw new Error(`the first swab: ${JSON.stringify(outcome)}`)
}
