// The big screen follows the field by itself: swabs that a device sends stand on it without a touch,
// any figure opens its rows, and the resident who was sampled sees the stage of the test.
import { randomUUID } from 'node:crypto'
import { openPage } from '../lib/browser.mjs'
import { enrolDevice } from '../lib/device.mjs'
import { tube } from '../lib/labels.mjs'

export const name = 'the big screen moves by itself and opens its rows; the resident sees the stage'

/** What is promised; held against a clock only where nothing else runs (ALLCLEAR_QUIET=1), never on a shared machine. */
const FRESH_MS_MAX = 2000
/** A screen that has not moved by then does not move. */
const MOVES_MS_MAX = 60_000

export async function run({ browser, server, fault }) {
  const device = await enrolDevice(server)
  const wall = await openPage(browser, server.base, {
    width: 1920,
    height: 1080,
    lang: 'zh-CN',
    role: 'headquarters',
    demo: server.demo,
  })
  await wall.page.goto('/board/')
  await wall.page.waitForSelector('.figures .tile .value')
  const collections = () =>
    wall.page.$eval('.figures .tile .value', (element) => Number(element.textContent.replace(/\D/g, '')))
  const before = await collections()

  const code = tube(900_000 + (Date.now() % 99_999))
  const people = server.demo.residents.slice(0, 3)
  await record(server, device, code, people)
  const sentAt = Date.now()
  await wall.page.waitForFunction(
    (least) => Number(document.querySelector('.figures .tile .value').textContent.replace(/\D/g, '')) >= least,
    before + people.length,
    { polling: 20, timeout: MOVES_MS_MAX },
  )
  const took = Date.now() - sentAt
  console.log(`        on the screen after ${took} ms`)
  if (process.env.ALLCLEAR_QUIET && took > FRESH_MS_MAX) fault(`the screen took ${took} ms`)

  await wall.page.click('.figures .tile >> nth=2')
  await wall.page.locator('.drill td', { hasText: code }).first().waitFor()
  await wall.page.keyboard.press('Escape')
  await wall.page.waitForSelector('.drill', { state: 'detached' })
  await opens(wall.page, wall.page.locator('.bottom header button', { hasText: '退回或作废' }))
  await laboratories(browser, server, wall.page, fault)

  for (const problem of wall.problems) fault(problem)
  await wall.context.close()
  await residentSees(browser, server, people[0], fault)
}

/** A figure opens its rows, or says that there are none. */
async function opens(page, figure) {
  await figure.click()
  await page.waitForSelector('.drill table, .drill .none strong')
  const text = await page.locator('.drill').innerText()
  await page.keyboard.press('Escape')
  await page.waitForSelector('.drill', { state: 'detached' })
  return text
}

/** Four laboratories have room; of the others the wall says how many, and opens all. */
async function laboratories(browser, server, page, fault) {
  const { context } = await openPage(browser, server.base, { width: 1440, height: 900, lang: 'zh-CN', role: 'headquarters', demo: server.demo })
  for (let n = 1; n <= 5; n += 1) {
    const data = { name: `街头检测点 ${n}`, area: '330784', rated_per_day: 1000 }
    const made = await context.request.post('/api/v1/labs', { headers: { 'X-Allclear': '1' }, data })
    if (!made.ok()) throw new Error(`no laboratory: ${made.status()} ${await made.text()}`)
  }
  await context.close()
  const more = page.locator('.bottom header button', { hasText: /^\s*\+\d+\s*$/ })
  await more.waitFor({ timeout: MOVES_MS_MAX })
  const shown = await page.locator('.labs li').count()
  const hidden = Number((await more.innerText()).slice(1))
  const rows = await opens(page, more)
  if (shown !== 4 || !rows.includes(`共 ${shown + hidden} 行`) || !rows.includes('街头检测点 5')) fault(`of ${shown} and ${hidden} laboratories it opens: ${rows}`)
}

/** Three swabs into one tube, as a device sends them. */
async function record(server, device, code, people) {
  const [{ id: round }] = (await device.get('/rounds')).rows.filter((entry) => entry.state === 'open')
  const [site] = (await device.sites()).sort((a, b) => a.area.localeCompare(b.area))
  const at = new Date().toISOString()
  const commands = people.map((person, index) => ({
    id: timedId(),
    device_seq: index + 1,
    at,
    offline: false,
    op: 'record_collection',
    round,
    site: site.id,
    station: 1,
    tube: code,
    tube_kind: 'pool10',
    person: { by: 'code', code: person.code },
    id_mode: 'code',
  }))
  const answer = await fetch(`${server.base}/api/v1/sync`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${device.token}`, 'Content-Type': 'application/json', 'X-Allclear': '1' },
    body: JSON.stringify({ sent_at: at, commands }),
  })
  if (!answer.ok) throw new Error(`sync: ${answer.status} ${await answer.text()}`)
  const states = (await answer.json()).outcomes.map((outcome) => outcome.exception ?? outcome.state)
  if (states.some((state) => state !== 'recorded')) throw new Error(`not all recorded: ${states}`)
}

/** A UUIDv7 as devices make them. */
function timedId() {
  const time = Date.now().toString(16).padStart(12, '0')
  const random = randomUUID()
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`
}

async function residentSees(browser, server, resident, fault) {
  const phone = await openPage(browser, server.base, { width: 390, height: 844, lang: 'zh-CN' })
  await phone.page.goto('/resident/')
  await phone.page.locator('.demo button', { hasText: resident.code }).click()
  await phone.page.locator('.result h2', { hasText: '已采样' }).waitFor({ timeout: 10_000 }).catch(async () => {
    fault(`the resident sees: ${await phone.page.textContent('.my')}`)
  })
  for (const problem of phone.problems) fault(problem)
  await phone.context.close()
}
