// Done-criterion 1: a registrar with a phone-size browser registers three people into a tube offline,
// by camera, from a film of real Code 128 and QR images; goes online; the server and the big screen
// have them.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cameraOf, openPage } from '../lib/browser.mjs'
import { busySite, enrolDevice } from '../lib/device.mjs'
import { writeFilm } from '../lib/film.mjs'
import { tube } from '../lib/labels.mjs'
import { state, tab, takePost } from '../lib/phone.mjs'

export const name = 'three people are registered offline by camera and reach the big screen'

const scratch = mkdtempSync(join(tmpdir(), 'allclear-film-'))
const film = join(scratch, 'three.y4m')
const TUBE = tube(4711)
let people = []
let place

/** The film shows codes of people whom this server knows, so it is made before the browser opens. */
export async function browserArgs({ server }) {
  const device = await enrolDevice(server)
  place = { device, ...(await busySite(device)) }
  people = place.roster.entries.filter((entry) => entry.codes.length > 0 && !entry.sampled).slice(0, 3)
  writeFilm(film, [{ bar: TUBE }, ...people.map((entry) => ({ qr: entry.codes[0] }))])
  return cameraOf(film)
}

export async function run({ browser, server, fault }) {
  const [width, height] = [390, 844]
  const { page, context, problems } = await openPage(browser, server.base, { width, height, lang: 'zh-CN' })
  await takePost(page, server, place.site, { to: 'outbox' })
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  const wall = await openWall(browser, server)
  const before = await wall.collections()

  await context.setOffline(true)
  // Started again without network: the service worker serves the app, IndexedDB the shift.
  await page.reload()
  await tab(page, 'register')
  await page.locator('.count strong', { hasText: /^3$/ }).waitFor({ timeout: 60_000 })
  await page.waitForSelector('.flash', { state: 'detached' })
  await tab(page, 'outbox')
  await state(page, 'kept', 3)
  if ((await sampled()).length !== 0) fault('the server knew of collections before the phone was online')

  await context.setOffline(false)
  await state(page, 'recorded', 3)
  // Who was sampled follows the facts within moments.
  for (let i = 0; i < 20 && (await sampled()).length < 3; i += 1) await new Promise((done) => setTimeout(done, 250))
  const known = await sampled()
  if (known.length !== 3) fault(`the server knows ${known.length} of the 3 collections`)
  await wall.atLeast(before + 3)
  if ((await wall.collections()) !== before + 3) fault(`the big screen says ${await wall.collections()}, not ${before + 3}`)
  for (const problem of [...wall.problems, ...problems].filter((text) => !/ERR_INTERNET_DISCONNECTED/.test(text))) fault(problem)
  await wall.close()
  await context.close()
  rmSync(scratch, { recursive: true, force: true })
}

async function sampled() {
  const { entries } = await place.device.roster(place.site.id)
  return entries.filter((entry) => entry.sampled && people.some((one) => one.no === entry.no))
}

/** The big screen at headquarters: what it says of collections. */
async function openWall(browser, server) {
  const { page, context, problems } = await openPage(browser, server.base, {
    width: 1920,
    height: 1080,
    lang: 'zh-CN',
    role: 'headquarters',
    demo: server.demo,
  })
  await page.goto('/board/')
  await page.waitForSelector('.figures .tile .value')
  const collections = () =>
    page.$eval('.figures .tile .value', (element) => Number(element.textContent.replace(/\D/g, '')))
  const atLeast = (count) =>
    page.waitForFunction(
      (least) => Number(document.querySelector('.figures .tile .value').textContent.replace(/\D/g, '')) >= least,
      count,
      { polling: 50, timeout: 10_000 },
    )
  return { problems, collections, atLeast, close: () => context.close() }
}
