// A grid worker at a door, with a phone: calls somebody of the missing list, taps what was heard, and
// the person leaves the list; whoever is sampled meanwhile leaves by themselves.
import { openPage, settled } from '../lib/browser.mjs'
import { enrolDevice } from '../lib/device.mjs'
import { tube } from '../lib/labels.mjs'
import { commandId, send } from '../lib/sync.mjs'

export const name = 'a grid worker calls, taps the outcome, and the person leaves the list'

export async function run({ browser, server, fault }) {
  const { page, context, problems } = await openPage(browser, server.base, {
    width: 390,
    height: 844,
    lang: 'zh-CN',
    role: 'grid_worker',
    demo: server.demo,
  })
  const device = await enrolDevice(server)
  const site = (await device.sites()).sort((a, b) => a.area.localeCompare(b.area)).find((one) => one.area.length === 12)
  const { rows: rounds } = await device.get('/rounds')
  const round = rounds.filter((one) => one.state === 'open').sort((a, b) => a.starts_at.localeCompare(b.starts_at))[0]
  await page.goto(`/desk/#/missing?round=${round.id}`)
  await settled(page)
  // The demo's grid worker has the whole county: names are shown community by community.
  const town = (await device.get('/areas')).rows.find((area) => area.code === site.area.slice(0, 9))
  await page.locator('.row', { hasText: town.name }).first().click()
  await page.locator('.card').first().waitFor()
  const card = page.locator('.card').first()
  await card.locator('.call').click()
  await card.locator('a.call.on[href^="tel:"]').waitFor()
  const before = Number((await page.locator('.sum b').innerText()).replace(/\D/g, ''))
  await card.getByRole('button', { name: '符合豁免' }).click()
  await card.locator('select').selectOption('medical')
  await card.locator('.why input').fill('术后')
  await card.locator('.why button').click()
  await page.waitForFunction(
    (least) => Number(document.querySelector('.sum b').textContent.replace(/\D/g, '')) < least,
    before,
    { timeout: 30_000 },
  ).catch(() => fault('the number of those missing did not fall'))
  await sampled(server, device, site, round, page, fault)
  for (const problem of problems) fault(problem)
  await context.close()
}

/** The first of the list is sampled at a site: the list renews itself. */
async function sampled(server, device, site, round, page, fault) {
  const before = Number((await page.locator('.sum b').innerText()).replace(/\D/g, ''))
  const roster = await device.roster(site.id)
  // Not the first: that may be the one who was exempted.
  const person = roster.entries.findLast((entry) => !entry.sampled)
  const command = {
    id: commandId(),
    device_seq: 900,
    at: new Date().toISOString(),
    offline: false,
    op: 'record_collection',
    round: round.id,
    site: site.id,
    station: 1,
    tube: tube(700_000 + (Date.now() % 99_999)),
    tube_kind: 'pool10',
    person: { by: 'no', no: person.no },
    id_mode: 'code',
  }
  const [outcome] = await send(server, device, [command])
  if (outcome.state !== 'recorded') return fault(`not recorded: ${JSON.stringify(outcome)}`)
  await page.waitForFunction(
    (least) => Number(document.querySelector('.sum b').textContent.replace(/\D/g, '')) < least,
    before,
    { timeout: 40_000 },
  ).catch(() => fault('whoever was sampled did not leave by themselves'))
}
