// A box changes hands between two phones without network, each showing the other a signed code; when
// both are back, the server joins the halves and believes the signatures.
import { clerk } from '../lib/bench.mjs'
import { openPage } from '../lib/browser.mjs'
import { busySite, enrolDevice } from '../lib/device.mjs'
import { box, tube } from '../lib/labels.mjs'
import { flash, state, tab, takePost, wedge } from '../lib/phone.mjs'

export const name = 'a box changes hands between two phones offline, and the server joins the halves'

const PHONE = { width: 390, height: 844, lang: 'zh-CN' }

export async function run({ browser, server, fault }) {
  const { site, roster } = await busySite(await enrolDevice(server))
  const person = roster.entries.find((entry) => entry.codes.length > 0 && !entry.sampled)
  const [tubeCode, boxCode] = [tube(777_001), box(77_001)]
  const giver = await openPage(browser, server.base, PHONE)
  const taker = await openPage(browser, server.base, PHONE)
  await takePost(giver.page, server, site)
  await takePost(taker.page, server, site, { role: 'courier', to: 'courier' })
  for (const { context } of [giver, taker]) await context.setOffline(true)

  await packBox(giver.page, tubeCode, boxCode, person.codes[0])
  await tab(giver.page, 'courier')
  await giver.page.click('.give')
  await giver.page.fill('input[name=destination]', '市疾控中心')
  await giver.page.click('dialog.sheet .b.main')
  await giver.page.waitForSelector('svg.qr')

  await taker.page.click('.row .b.main:first-child')
  await taker.page.waitForSelector('dialog.sheet')
  await wedge(taker.page, await held(giver.page, 'offer'))
  await flash(taker.page, 'tube')
  await taker.page.click('dialog.sheet .b.good')
  await flash(taker.page, 'good')
  await giver.page.click('.page > .b.main')
  await giver.page.waitForSelector('dialog.sheet')
  await wedge(giver.page, await held(taker.page, 'receipt'))
  await flash(giver.page, 'good')

  // The taker is first, about a box of which nobody has told yet; halves come in any order.
  for (const [phone, recorded, exceptions] of [
    [taker, 0, 1],
    [giver, 5, 0],
  ]) {
    await phone.context.setOffline(false)
    await closeSheets(phone.page)
    await tab(phone.page, 'outbox')
    await state(phone.page, 'exception', exceptions)
    await state(phone.page, 'recorded', recorded)
  }
  // The giver's facts answer the question about the box.
  const headquarters = await clerk(server, 'headquarters')
  const open = (await headquarters.get(`/exceptions?code=${boxCode}`)).rows.filter((row) => row.state === 'open')
  if (open.length > 0) fault(`still asked about the box: ${open.map((row) => row.kind)}`)
  for (const problem of [...giver.problems, ...taker.problems]) {
    if (!/ERR_INTERNET_DISCONNECTED/.test(problem)) fault(problem)
  }
  await giver.context.close()
  await taker.context.close()
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

/** The statement behind the code on the screen. */
function held(page, key) {
  return page.evaluate(
    (wanted) =>
      new Promise((done, fail) => {
        const open = indexedDB.open('allclear-field')
        open.onerror = () => fail(open.error)
        open.onsuccess = () => {
          const get = open.result.transaction('meta').objectStore('meta').get(wanted)
          get.onsuccess = () => {
            open.result.close()
            done(get.result.text)
          }
        }
      }),
    key,
  )
}
