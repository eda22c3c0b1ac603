// Every page and sheet of the field app on the real binary, in both languages and at both phone
// sizes: photographed, and scanned for serious accessibility findings.
import { mkdtempSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'
import { LATE } from '../dialogs.mjs'
import { clerk } from '../lib/bench.mjs'
import { cameraOf, openPage, scan, settled } from '../lib/browser.mjs'
import { enrolDevice } from '../lib/device.mjs'
import { writeFilm } from '../lib/film.mjs'
import { box, tube } from '../lib/labels.mjs'
import { PHONES, flash, tab, takePost, wedge } from '../lib/phone.mjs'

export const name = 'every page of the field app, both languages, both phones'

// The reader comes with the packages; left to itself it would ask the network for its program.
prepareZXingModule({ overrides: { wasmBinary: readFileSync(createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm')) } })

/** People of a walk: of the first tube, alone in the next, wanted in a single tube, met offline, met last. */
const [FIRST, ALONE, SINGLE, OFFLINE, LAST, PEOPLE] = [8, 8, 9, 10, 11, 12]
const ALL_TURNS = ['zh-CN', 'en'].flatMap((lang) => PHONES.map(([width, height]) => ({ lang, width, height })))
/** The gate walks each language on one phone and each phone in one language; a run that takes pictures walks all. */
const TURNS = process.argv.includes('--screens') ? ALL_TURNS : [ALL_TURNS[0], ALL_TURNS.at(-1)]
let places = []

export async function browserArgs({ server }) {
  places = await placesOf(await enrolDevice(server))
  // A label held too close: the camera has something to look at, and reads nothing that the story did not scan.
  const film = join(mkdtempSync(join(tmpdir(), 'allclear-film-')), 'near.y4m')
  writeFilm(film, [{ near: tube(4711) }])
  return cameraOf(film)
}

/** A site for each walk: with a family of three or more, and with people of no such family. */
async function placesOf(device) {
  const [round] = (await device.get('/rounds')).rows.filter((one) => one.state === 'open')
  const sites = (await device.sites()).filter((site) => site.open)
  const found = []
  for (const [nth, site] of sites.entries()) {
    if (found.length === TURNS.length) return found
    const roster = await device.roster(site.id)
    const free = roster.entries.filter((entry) => !entry.sampled && entry.codes.length > 0)
    const membersOf = (one) => free.filter((entry) => entry.household_code && entry.household_code === one.household_code)
    const family = free.map(membersOf).find((members) => members.length > 2)
    const people = free.filter((entry) => entry.household !== family?.[0].household).slice(0, PEOPLE)
    if (family && people.length === PEOPLE) found.push({ site, round: round.id, other: sites[(nth + 1) % sites.length].id, family, people })
  }
  throw new Error(`only ${found.length} sites have enough people and families`)
}

export async function run({ browser, server, fault, out }) {
  await cannotKeep(browser, server, { fault, out })
  for (const [turn, screen] of TURNS.entries()) {
    const phone = await openPhone(browser, server, screen, { fault, out })
    const [place, codes] = [places[turn], { tube: tube(50_001 + turn), next: tube(60_001 + turn), third: tube(61_001 + turn), box: box(7001 + turn) }]
    await start(phone, server, place)
    await register(phone, place, codes)
    await asked(phone, place, codes)
    await pack(phone, codes)
    await handOver(phone, place, browser, server, screen, { fault, out })
    await endings(phone, server, place, codes)
    await phone.close()
  }
}

/** A browser on a phone, and what a careful tester does with a page of it. */
async function openPhone(browser, server, { lang, width, height }, { fault, out }) {
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
  /** Opens a sheet and looks at it. */
  const open = async (button, what) => {
    await page.click(button)
    await page.waitForSelector('dialog.sheet')
    await look(what)
  }
  const shut = async () => {
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog.sheet', { state: 'detached' })
  }
  const close = async () => {
    for (const problem of problems.filter((text) => !/ERR_INTERNET_DISCONNECTED|status of 401/.test(text))) fault(`${tag}: ${problem}`)
    await context.close()
  }
  return { page, context, lang, look, open, shut, close }
}

/** A browser without a store: a shift must not begin on it. */
async function cannotKeep(browser, server, { fault, out }) {
  for (const screen of TURNS) {
    const phone = await openPhone(browser, server, screen, { fault, out })
    await phone.context.addInitScript(() => delete window.indexedDB)
    await phone.page.goto('/field/')
    await phone.page.waitForSelector('.broken')
    await phone.look('cannot-keep')
    await phone.close()
  }
}

async function start({ page, look, open, shut }, server, place) {
  await page.goto('/field/')
  await page.waitForSelector('input[name=username]')
  await look('sign-in')
  await open('button.b.wide', 'enrol')
  await page.click('dialog.sheet .round.right')
  await page.waitForSelector('dialog.sheet input[name=code]')
  await look('enrol-typed')
  await shut()
  // The round wants a pool of everybody; of one person it is now said that a single tube is wanted.
  await page.route('**/api/v1/field/roster*', async (route) => {
    const answer = await route.fetch()
    const body = await answer.json()
    const one = body.entries.find((entry) => entry.no === place.people[SINGLE].no)
    if (one) one.tube_kinds = { [place.round]: 'single' }
    await route.fulfill({ response: answer, json: body })
  })
  await takePost(page, server, place.site, { look })
  await look('register-start')
}

/** Three gestures, again and again, and a tube that is sealed with a family in it. */
async function register({ page, look, open, shut }, { family, people }, codes) {
  const mine = people.slice(0, FIRST)
  await wedge(page, mine[0].codes[0])
  await page.waitForSelector('.flash.stop')
  await look('flash-stop')
  await flash(page, 'stop')
  await wedge(page, codes.tube)
  await flash(page, 'tube')
  await open('.tools button:nth-child(3)', 'kind')
  await shut()
  await open('.round.right', 'typed')
  await shut()
  for (const entry of mine) {
    await wedge(page, entry.codes[0])
    if (entry === mine[4]) {
      await page.waitForSelector('.flash.good')
      await look('flash-good')
    }
    await flash(page, 'good')
  }
  await look('register')
  await open('.who', 'members')
  await open('dialog.sheet li:nth-child(2) .b.stop', 'take-back')
  await page.click('dialog.sheet .b.main')
  await page.waitForSelector('dialog.sheet ol')
  await open('dialog.sheet li:nth-child(2) .b:not(.stop)', 'move')
  await shut()
  await open('.tools button:nth-child(2)', 'by-hand')
  await shut()
  // Another tube while this one has people in it.
  await wedge(page, codes.next)
  await flash(page, 'note')
  await page.waitForSelector('dialog.sheet')
  await look('unsealed')
  await page.click('dialog.sheet .b.main')
  await page.waitForSelector('dialog.sheet', { state: 'detached' })
  // A family of three, where two seats are left.
  await wedge(page, family[0].household_code)
  await page.waitForSelector('dialog.sheet .member')
  for (const nth of [0, 1, 2]) await page.locator('dialog.sheet .member:enabled').nth(nth).click()
  await look('family')
  await page.click('dialog.sheet .b.main')
  await flash(page, 'stop')
  await page.waitForSelector('dialog.sheet .left')
  await look('left-out')
  await page.click('dialog.sheet .b.main')
  await page.waitForSelector('dialog.sheet .n')
  await look('seal')
  await shut()
  await look('full')
  await page.click('.page > .b.main')
  await page.click('dialog.sheet .n:nth-child(8)')
  await page.waitForSelector('.compare')
  await look('seal-differs')
  await page.click('dialog.sheet .b.main')
  await page.click('dialog.sheet .n:nth-child(10)')
  await flash(page, 'good')
}

/** What is asked about a person: sampled already, or wanted in another kind of tube. */
async function asked({ page, look }, { people }, codes) {
  await wedge(page, codes.next)
  await flash(page, 'tube')
  await wedge(page, people[ALONE].codes[0])
  await flash(page, 'good')
  await wedge(page, people[0].codes[0])
  await flash(page, 'stop')
  await page.waitForSelector('dialog.sheet')
  await look('already')
  await page.click('dialog.sheet .b.main')
  await page.waitForSelector('dialog.sheet', { state: 'detached' })
  await wedge(page, people[SINGLE].codes[0])
  await flash(page, 'stop')
  await page.waitForSelector('dialog.sheet')
  await look('other-kind')
  await page.click('dialog.sheet .b.main')
  await page.waitForSelector('dialog.sheet', { state: 'detached' })
  await page.click('.page > .b.main')
  await page.click('dialog.sheet .n:first-child')
  await flash(page, 'good')
}

async function pack({ page, look, open, shut }, codes) {
  await tab(page, 'boxes')
  await look('boxes-none')
  await wedge(page, codes.box)
  await flash(page, 'tube')
  for (const code of [codes.tube, codes.next]) {
    await wedge(page, code)
    await flash(page, 'good')
  }
  await look('boxes')
  await open('.big', 'box-tubes')
  await shut()
  await page.click('.b.main')
  await page.waitForSelector('.keypad')
  await look('box-count')
  await page.click('.keypad .n:nth-child(2)')
  await page.click('.keypad .n.good')
  await flash(page, 'good')
  await look('boxes-mine')
}

/** What stands on one screen is read from it, and scanned by the other phone. */
async function handOver({ page, lang, look, open }, place, browser, server, screen, { fault, out }) {
  await tab(page, 'courier')
  await look('courier')
  await page.click('.give')
  await page.waitForSelector('dialog.sheet')
  await page.fill('input[name=destination]', lang === 'en' ? 'City laboratory' : '市疾控中心')
  await look('give')
  await page.click('dialog.sheet .b.main')
  await page.waitForSelector('svg.qr')
  await look('hand-over')
  const taker = await openPhone(browser, server, screen, { fault, out })
  await takePost(taker.page, server, place.site, { role: 'courier', to: 'courier' })
  await taker.open('.row .b.main:first-child', 'take')
  await wedge(taker.page, await readCode(page))
  await flash(taker.page, 'tube')
  await taker.page.waitForSelector('dialog.sheet .b.good')
  await taker.look('accept')
  await taker.page.click('dialog.sheet .b.good')
  await flash(taker.page, 'good')
  await taker.page.waitForSelector('svg.qr')
  await taker.look('receipt')
  const receipt = await readCode(taker.page)
  await open('.page > .b.main', 'scan-receipt')
  await wedge(page, receipt)
  await flash(page, 'good')
  await taker.page.click('dialog.sheet .b.main')
  await taker.page.waitForSelector('.carried')
  await taker.look('carried')
  await late(taker, place)
  await taker.close()
}

/** Tubes that wait too long: whoever carries them is told. A demo is minutes old, so the server's answer is made up. */
async function late({ page, context, look, open, shut }, place) {
  // The service worker asks in the page's stead.
  await context.route('**/api/v1/clock-alerts*', (route) => route.fulfill({ json: LATE(place.site.name) }))
  await page.reload()
  await page.waitForSelector('.flash.stop')
  await look('clocks-flash')
  await flash(page, 'stop')
  await open('.clocks', 'clocks')
  await shut()
}

/** The code on a screen, as a scanner reads it. */
async function readCode(page) {
  const png = await page.locator('svg.qr').screenshot()
  const [read] = await readBarcodes(new Uint8Array(png), { formats: ['QRCode'], tryHarder: true })
  if (!read?.text) throw new Error('the code on the screen cannot be read')
  return read.text
}

/** A closed site, a record that cannot be read, the end of a shift, a phone that is shut out. */
async function endings({ page, context, look, open, shut }, server, place, codes) {
  const hq = await clerk(server, 'headquarters')
  const opening = (open) => hq.post(`/sites/${place.site.id}/opening`, { open, reason: open ? null : '停电', transfer_to: open ? null : place.other })
  await opening(false)
  await page.reload()
  await page.waitForSelector('.closed')
  await tab(page, 'register')
  await look('site-closed')
  await opening(true)
  await tab(page, 'outbox')
  await page.locator('.states .kept.none').waitFor()
  await look('outbox')
  await open('.b.stop:not(.wide)', 'erase')
  await shut()
  await open('.b.stop.wide', 'end')
  await shut()
  await context.setOffline(true)
  await tab(page, 'register')
  await wedge(page, codes.third)
  await flash(page, 'tube')
  await wedge(page, place.people[OFFLINE].codes[0])
  await flash(page, 'good')
  await look('offline')
  await damageLast(page)
  await tab(page, 'outbox')
  await page.waitForSelector('.card.bad .b')
  await look('damaged')
  await open('.card.bad .b', 'damaged-again')
  await page.click('dialog.sheet .b.main')
  await page.waitForSelector('.card.bad', { state: 'detached' })
  // Something is to be sent when the phone is shut out.
  await tab(page, 'register')
  await wedge(page, place.people[LAST].codes[0])
  await flash(page, 'good')
  const admin = await clerk(server, 'administrator')
  // The newest phone is the courier's, the one before it is this.
  const { rows: [, own] } = await admin.get('/devices')
  await admin.delete(`/devices/${own.id}`)
  await context.setOffline(false)
  await page.waitForSelector('.closed .b')
  await look('signed-out')
}

/** Spoils what the phone stored last, as a bad memory card would. */
function damageLast(page) {
  return page.evaluate(async () => {
    const wait = (request) => new Promise((done, fail) => Object.assign(request, { onsuccess: () => done(request.result), onerror: () => fail(request.error) }))
    const [{ name }] = await indexedDB.databases()
    const db = await wait(indexedDB.open(name))
    const store = db.transaction('outbox', 'readwrite').objectStore('outbox')
    const records = await wait(store.getAll())
    const last = records.sort((a, b) => a.seq - b.seq).at(-1)
    await wait(store.put({ ...last, sealed: { spoiled: true } }))
    db.close()
  })
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
