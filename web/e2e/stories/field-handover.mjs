// A box changes hands between two phones without network, each showing the other a signed code: what stands on one
// screen is photographed, and the other phone's camera sees the photograph. When both are back, the server joins the
// halves and believes the signatures.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clerk } from '../lib/bench.mjs'
import { cameraOf, openBrowser, openPage } from '../lib/browser.mjs'
import { busySite, enrolDevice } from '../lib/device.mjs'
import { photographed, writeFilm } from '../lib/film.mjs'
import { box, tube } from '../lib/labels.mjs'
import { flash, state, tab, takePost, wedge } from '../lib/phone.mjs'

export const name = 'a box changes hands between two phones offline, by camera, and the server joins the halves'

const PHONE = { width: 390, height: 844, lang: 'zh-CN' }
const EMPTY_TABLE = {}

export async function run({ server, fault }) {
  const { site, roster } = await busySite(await enrolDevice(server))
  const person = roster.entries.find((entry) => entry.codes.length > 0 && !entry.sampled)
  const [tubeCode, boxCode] = [tube(777_001), box(77_001)]
  const scratch = mkdtempSync(join(tmpdir(), 'allclear-film-'))
  const phones = []
  try {
    for (const name of ['giver', 'taker']) phones.push(await phoneWithCamera(server, join(scratch, `${name}.y4m`)))
    const [giver, taker] = phones
    await takePost(giver.page, server, site)
    await takePost(taker.page, server, site, { role: 'courier', to: 'courier' })
    for (const { context } of phones) await context.setOffline(true)
    await packBox(giver.page, tubeCode, boxCode, person.codes[0])
    await changeHands(giver, taker)
    await comeBack(giver, taker)
    // The giver's facts settle it.
    const headquarters = await clerk(server, 'headquarters')
    const open = (await headquarters.get(`/exceptions?code=${boxCode}`)).rows.filter((row) => row.state === 'open')
    if (open.length > 0) fault(`still asked about the box: ${open.map((row) => row.kind)}`)
    for (const problem of [...giver.problems, ...taker.problems]) {
      if (!/ERR_INTERNET_DISCONNECTED/.test(problem)) fault(problem)
    }
  } finally {
    for (const phone of phones) await phone.browser.close()
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** A phone is a browser of its own: a browser has one camera. At first it sees an empty table. */
async function phoneWithCamera(server, film) {
  writeFilm(film, [EMPTY_TABLE])
  const browser = await openBrowser(cameraOf(film))
  return { ...(await openPage(browser, server.base, PHONE)), browser, film }
}

async function changeHands(giver, taker) {
  await tab(giver.page, 'courier')
  await giver.page.click('.give')
  await giver.page.fill('input[name=destination]', '市疾控中心')
  await giver.page.click('dialog.sheet .b.main')
  await hold(giver, taker)
  await taker.page.click('.row .b.main:first-child')
  await flash(taker.page, 'tube')
  await taker.page.click('dialog.sheet .b.good')
  await flash(taker.page, 'good')
  await hold(taker, giver)
  await giver.page.click('.page > .b.main')
  await flash(giver.page, 'good')
}

/** One phone holds its code before the camera of the other, which opens it next. */
async function hold(shower, seer) {
  const code = shower.page.locator('svg.qr')
  await code.waitFor()
  writeFilm(seer.film, [await photographed(shower.page, await code.screenshot())])
}

/** The taker is first, about a box of which nobody has told yet: that half waits, and nobody is asked about it. */
async function comeBack(giver, taker) {
  for (const [phone, recorded] of [
    [taker, 1],
    [giver, 5],
  ]) {
    await phone.context.setOffline(false)
    await closeSheets(phone.page)
    await tab(phone.page, 'outbox')
    await state(phone.page, 'recorded', recorded)
    await state(phone.page, 'exception', 0)
  }
}

async function packBox(page, tubeCode, boxCode, card) {
  await wedge(page, tubeCode)
  await flash(page, 'tube')
  await wedge(page, card)
  await flash(page, 'good')
  await page.click('.page > .b.main')
  await page.click('dialog.sheet .n:first-child')
  await flash(page, 'good')
  await tab(page, 'boxes')
  await wedge(page, boxCode)
  await flash(page, 'tube')
  await wedge(page, tubeCode)
  await flash(page, 'good')
  await page.click('.page > .b.main')
  await page.click('.keypad .n:first-child')
  await page.click('.keypad .n.good')
  await flash(page, 'good')
}

async function closeSheets(page) {
  if ((await page.locator('dialog.sheet').count()) === 0) return
  await page.keyboard.press('Escape')
  await page.waitForSelector('dialog.sheet', { state: 'detached' })
}
