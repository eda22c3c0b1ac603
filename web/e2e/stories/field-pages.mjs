// Every page and sheet of the field app on the real binary, in both languages and at both phone
// sizes: photographed, and scanned for serious accessibility findings.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cameraOf, openPage, scan, settled } from '../lib/browser.mjs'
import { busySite, enrolDevice } from '../lib/device.mjs'
import { writeFilm } from '../lib/film.mjs'
import { box, tube } from '../lib/labels.mjs'
import { PHONES, flash, tab, takePost, wedge } from '../lib/phone.mjs'

export const name = 'every page of the field app, both languages, both phones'

let place

export async function browserArgs({ server }) {
  const device = await enrolDevice(server)
  place = { device, ...(await busySite(device, 45)) }
  // A label held too close: the camera has something to look at, and reads nothing that the story did not scan.
  const film = join(mkdtempSync(join(tmpdir(), 'allclear-film-')), 'near.y4m')
  writeFilm(film, [{ near: tube(4711) }])
  return cameraOf(film)
}

export async function run({ browser, server, fault, out }) {
  let turn = 0
  for (const lang of ['zh-CN', 'en']) {
    for (const [width, height] of PHONES) {
      turn += 1
      await walk({ browser, server, fault, out, lang, width, height, turn })
    }
  }
}

async function walk({ browser, server, fault, out, lang, width, height, turn }) {
  const { page, context, problems } = await openPage(browser, server.base, { width, height, lang })
  const tag = `${lang === 'en' ? 'en' : 'zh'}.${width}x${height}`
  const look = async (what) => {
    await settled(page)
    await page.screenshot({ path: join(out, `field-${what}.${tag}.png`) })
    for (const finding of await scan(page)) fault(`${what} ${tag}: ${finding}`)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    if (wide > 1) fault(`${what} ${tag}: ${wide} px wider than the window`)
    for (const small of await smallTargets(page)) fault(`${what} ${tag}: smaller than 48 px: ${small}`)
  }
  const close = async () => {
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog.sheet', { state: 'detached' })
  }
  const people = place.roster.entries.filter((entry) => !entry.sampled && entry.codes.length > 0)
  const mine = people.slice((turn - 1) * 9, turn * 9)
  const codes = { tube: tube(50_000 + turn), next: tube(60_000 + turn), box: box(7000 + turn) }

  await page.goto('/field/')
  await page.waitForSelector('input[name=username]')
  await look('sign-in')
  await takePost(page, server, place.site, { look })
  await look('register-start')
  await wedge(page, mine[0].codes[0])
  await page.waitForSelector('.flash.stop')
  await look('flash-stop')
  await flash(page, 'stop')
  await wedge(page, codes.tube)
  await flash(page, 'tube')
  for (const entry of mine) {
    await wedge(page, entry.codes[0])
    if (entry === mine[4]) {
      await page.waitForSelector('.flash.good')
      await look('flash-good')
    }
    await flash(page, 'good')
  }
  await look('register')
  await page.click('.who')
  await page.waitForSelector('dialog.sheet')
  await look('members')
  await close()
  // A family of which some stand here: one is ticked, nobody is registered.
  const shares = (entry) => place.roster.entries.filter((one) => one.household === entry.household).length > 2
  const family = people.slice(36).find((entry) => entry.household_code && shares(entry) && !mine.some((one) => one.household === entry.household))
  if (!family) return fault('no family of three in the roster')
  await wedge(page, family.household_code)
  await page.waitForSelector('dialog.sheet .member')
  await page.locator('dialog.sheet .member:enabled').first().click()
  await look('family')
  await close()
  await page.click('.tools button:nth-child(2)')
  await page.waitForSelector('dialog.sheet')
  await look('by-hand')
  await close()
  await page.click('.b.main')
  await page.waitForSelector('dialog.sheet .n')
  await look('seal')
  await page.click('dialog.sheet .n:nth-child(8)')
  await page.waitForSelector('.compare')
  await look('seal-differs')
  await page.click('dialog.sheet .b.main')
  await page.click(`dialog.sheet .n:nth-child(${mine.length})`)
  await flash(page, 'good')
  await tab(page, 'boxes')
  await wedge(page, codes.box)
  await flash(page, 'tube')
  await wedge(page, codes.tube)
  await flash(page, 'good')
  await look('boxes')
  await page.click('.b.main')
  await page.waitForSelector('.keypad')
  await look('box-count')
  await page.click('.keypad .n:nth-child(1)')
  await page.click('.keypad .n.good')
  await flash(page, 'good')
  await tab(page, 'courier')
  await look('courier')
  await page.click('.give')
  await page.waitForSelector('dialog.sheet')
  await page.fill('input[name=destination]', lang === 'en' ? 'City laboratory' : '市疾控中心')
  await look('give')
  await page.click('dialog.sheet .b.main')
  await page.waitForSelector('svg.qr')
  await look('hand-over')
  await tab(page, 'outbox')
  await page.locator('.states .kept.none').waitFor()
  await look('outbox')
  await context.setOffline(true)
  await tab(page, 'register')
  await wedge(page, codes.next)
  await flash(page, 'tube')
  await wedge(page, people[36 + turn].codes[0])
  await flash(page, 'good')
  await look('offline')
  for (const problem of problems.filter((text) => !/ERR_INTERNET_DISCONNECTED/.test(text))) fault(`${tag}: ${problem}`)
  await context.close()
}

/** Buttons, links and fields that a gloved hand would miss. */
function smallTargets(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('button, a[href], input, select')]
      .filter((one) => one.offsetParent !== null || one.closest('dialog[open]'))
      .map((one) => ({ one, box: one.getBoundingClientRect() }))
      .filter(({ box }) => box.width > 0 && (box.height < 47.5 || box.width < 47.5))
      .map(({ one, box }) => `${one.outerHTML.slice(0, 80)} ${Math.round(box.width)}x${Math.round(box.height)}`),
  )
}
