// A day of the laboratory, on its own pages: a box is scanned in, a plate is laid out and run, results come typed and
// as a file with bad rows, another person releases, a resident reads it, and a positive pool is followed to its end.
// The pages are photographed as they look with work on them.
import { clerk, fieldOf, filled } from '../lib/bench.mjs'
import { openPage, settled } from '../lib/browser.mjs'
import { busySite, enrolDevice } from '../lib/device.mjs'
import { box, tube } from '../lib/labels.mjs'
import { look } from '../lib/look.mjs'

export const name = 'a laboratory day: reception, plate, results, release, a resident, a pool followed to its end'

const DESK = { width: 1440, height: 900, lang: 'zh-CN' }
const [POOL, FAMILY, LATE, LOST] = [tube(881_001), tube(881_002), tube(881_003), tube(881_004)]
const BOX = box(88_001)

export async function run({ browser, server, fault, out }) {
  const device = await enrolDevice(server)
  const { site, roster } = await busySite(device, 20)
  const shift = await device.get(`/field/shift?site=${site.id}`)
  const round = shift.rounds[0].id
  const send = fieldOf(server, device)
  const resident = server.demo.residents[0]
  const cards = roster.entries.filter((entry) => entry.codes.length > 0 && !entry.sampled).map((entry) => entry.codes[0])
  const people = cards.filter((card) => card !== resident.code).slice(0, 12)
  await send([
    ...filled(round, site.id, POOL, 'pool10', people.slice(0, 10)),
    ...filled(round, site.id, FAMILY, 'pool10', [resident.code]),
    ...filled(round, site.id, LATE, 'pool10', people.slice(10, 11)),
    ...filled(round, site.id, LOST, 'pool10', people.slice(11, 12)),
    ...[POOL, FAMILY, LOST].map((code) => ({ op: 'pack_tube', box: BOX, tube: code, site: site.id })),
    { op: 'seal_box', box: BOX, counted: 3, difference_signed_by: null },
  ])

  const entry = await openPage(browser, server.base, { ...DESK, role: 'lab_entry', demo: server.demo })
  const photograph = (page, what) => look(page, `desk-${what}-at-work`, { out, fault })
  const { page } = entry
  await receive(page, photograph)
  await layOut(page, photograph)
  await typePool(page)
  await importRest(page, photograph, fault)

  const release = await openPage(browser, server.base, { ...DESK, role: 'lab_release', demo: server.demo })
  await letOut(release.page, photograph)
  await readResult(browser, server, resident, fault)
  await followUp({ browser, server, fault, photograph, send, round, site, members: people.slice(0, 10) })
  for (const problem of [...entry.problems, ...release.problems]) fault(problem)
  await entry.context.close()
  await release.context.close()
}

/** The wedge scanner of the bench types the code and presses Enter. */
async function scan(page, code, verdict) {
  await page.fill('#lab-scan', code)
  await page.keyboard.press('Enter')
  await page.waitForSelector(`.verdict strong >> text=${verdict}`)
}

async function receive(page, photograph) {
  await page.goto('/desk/#/lab/reception')
  await page.waitForSelector('#lab-scan')
  await scan(page, BOX, '箱子已加入')
  await scan(page, POOL, '相符')
  await scan(page, FAMILY, '相符')
  await scan(page, FAMILY, '重复')
  await scan(page, LATE, '多出')
  await scan(page, tube(881_099), '待查')
  await photograph(page, 'lab-reception')
  await page.click('.page-head .el-button--primary')
  await page.fill('.signer input', '陈晓')
  await page.click('.el-dialog__footer .el-button--primary')
  await page.waitForSelector('text=接收下一批')
}

async function layOut(page, photograph) {
  await page.goto('/desk/#/lab/runs')
  await page.click('text=新建一板')
  await page.waitForSelector('.el-dialog form')
  await page.fill('.el-dialog .el-form-item:nth-child(1) input', 'P-E2E-01')
  await page.fill('.el-dialog .el-form-item:nth-child(4) input', 'L20220105')
  await page.click('.el-dialog__footer .el-button--primary')
  await page.waitForSelector('#plate-scan')
  for (const code of [POOL, FAMILY]) {
    await page.fill('#plate-scan', code)
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.querySelector('#plate-scan').value === '')
  }
  await page.click('.controls button:nth-child(1)')
  await page.click('.controls button:nth-child(2)')
  await page.click('.side >> text=自动填入等待最久的样本')
  await page.waitForFunction(() => /3 \/ 94/.test(document.querySelector('.side dl')?.textContent ?? ''))
  await photograph(page, 'lab-plate')
  await page.click('.page-head .el-button--primary')
  await page.waitForSelector('text=下机')
}

/** The pool's result and the controls are typed. */
async function typePool(page) {
  await page.click('text=录入结果 >> nth=-1')
  await page.click('#tab-hand')
  await page.click('.hand .el-radio-button:nth-child(2)')
  await page.fill('#result-scan', POOL)
  await page.keyboard.press('Enter')
  for (const [nth, word] of [
    [0, '阴性'],
    [1, '阳性'],
  ]) {
    await page.click(`fieldset.more label:nth-of-type(${nth + 1}) .el-select`)
    await page.click(`.el-popper:visible .el-select-dropdown__item >> text="${word}"`)
  }
  await page.click('.pending .el-button--primary')
  await page.waitForSelector('text=录入 1 条')
}

/** The others come as the instrument's file; two of its rows are bad and are shown first. */
async function importRest(page, photograph, fault) {
  await page.click('#tab-file')
  const file = `孔位,样本编号,结果\nB1,${FAMILY},阴性\nC1,${LATE},阴性\nD1,T0000000420,阴性\nE1,,阳性\n`
  await page.setInputFiles('.drop input[type=file]', { name: 'export.csv', mimeType: 'text/csv', buffer: Buffer.from(file) })
  await page.click('.wizard .actions .el-button--primary')
  await page.waitForSelector('.mapping, .check')
  if ((await page.locator('.mapping').count()) > 0) await page.click('.mapping .actions .el-button--primary')
  await page.waitForSelector('.check')
  const check = await page.textContent('.check')
  if (!check.includes('管码不合规')) fault(`the bad rows are not shown: ${check}`)
  await photograph(page, 'lab-results')
  await page.click('.wizard > .actions .el-button--primary')
  await page.waitForSelector('text=录入 2 条')
}

async function letOut(page, photograph) {
  await page.goto('/desk/#/lab/release')
  await page.waitForSelector(`text=${POOL}`)
  await photograph(page, 'lab-release')
  await page.click('text=全部发布')
  await page.click('dialog[open] button:has-text("发布阴性")')
  await page.waitForSelector('text=已完成')
  await page.click('.panel >> nth=0 >> text=确认发布')
  await page.click('dialog[open] button:has-text("确认发布")')
  await page.waitForSelector('text=没有待确认的非阴性结果')
}

async function readResult(browser, server, resident, fault) {
  const phone = await openPage(browser, server.base, { width: 390, height: 844, lang: 'zh-CN' })
  const opened = await phone.context.request.post('/api/v1/resident/session', {
    headers: { 'X-Allclear': '1' },
    data: { code: resident.code, document_tail: resident.document_tail },
  })
  if (!opened.ok()) fault(`the resident's page does not open: ${opened.status()}`)
  await phone.page.goto('/resident/')
  await phone.page.waitForSelector('.my')
  const until = Date.now() + 15_000
  while (!(await phone.page.textContent('.my main')).includes('本次检测未见异常') && Date.now() < until) {
    await phone.page.click('.foot button')
    await settled(phone.page)
  }
  const shown = await phone.page.textContent('.my main')
  if (!shown.includes('本次检测未见异常')) fault(`the resident does not see the result: ${shown.slice(0, 200)}`)
  for (const problem of phone.problems) fault(problem)
  await phone.context.close()
}

/** Ten members under re-check; each gives a single tube; the last result closes the pool. */
async function followUp({ browser, server, fault, photograph, send, round, site, members }) {
  const desk = await openPage(browser, server.base, { ...DESK, role: 'headquarters', demo: server.demo })
  await desk.page.goto('/desk/#/lab/follow-ups')
  await desk.page.click(`text=${POOL}`)
  await desk.page.waitForFunction(() => document.querySelectorAll('.el-drawer .el-table__row').length === 10)
  await photograph(desk.page, 'lab-follow-ups')
  await desk.page.goto('/desk/#/tasks')
  await desk.page.waitForFunction(() => document.querySelectorAll('.list .card').length >= 10)
  await photograph(desk.page, 'tasks')
  await desk.page.goto('/desk/#/lab/clocks')
  await desk.page.waitForSelector(`text=${LOST}`)
  await photograph(desk.page, 'lab-clocks')

  const singles = members.map((_, i) => tube(882_001 + i))
  for (const [i, card] of members.entries()) await send(filled(round, site.id, singles[i], 'single', [card]))
  const [entry, release] = [await clerk(server, 'lab_entry'), await clerk(server, 'lab_release')]
  const lab = `/labs/${(await entry.get('/labs'))[0].id}`
  const { id } = await entry.post(`${lab}/receptions`, { boxes: [] })
  await entry.post(`${lab}/receptions/${id}/scans`, singles.map((code) => ({ code, damage: null, note: null })))
  await entry.post(`${lab}/results`, { run: null, source: 'typed', rows: singles.map((code) => ({ tube: code, value: 'negative' })) })
  for (const code of singles) await release.post(`${lab}/tubes/${code}/release`, { value: 'negative' })

  await desk.page.goto('/desk/#/lab/follow-ups')
  const until = Date.now() + 20_000
  const headquarters = await clerk(server, 'headquarters')
  let pool
  do pool = await headquarters.get(`/follow-ups/${POOL}`)
  while (!pool.closed_at && Date.now() < until)
  if (!pool.closed_at) fault(`the pool is still open: ${pool.members_open} members`)
  await desk.page.click('.el-switch')
  await desk.page.waitForSelector('text=已关闭')
  for (const problem of desk.problems) fault(problem)
  await desk.context.close()
}
