// Headquarters runs a day on the desk: plans with the arithmetic shown, orders a round and opens it,
// exempts somebody, closes a site and sends its queue elsewhere (its phones say where), and resolves
// an exception by registering the person whom a phone did not know.
import { openPage, settled } from '../lib/browser.mjs'
import { enrolDevice } from '../lib/device.mjs'
import { tube } from '../lib/labels.mjs'
import { takePost } from '../lib/phone.mjs'
import { commandId, send } from '../lib/sync.mjs'

export const name = 'headquarters plans, opens a round, exempts somebody, closes a site with transfer, resolves an exception'

const number = (text) => Number(text.replace(/\D/g, ''))

export async function run({ browser, server, fault }) {
  const desk = await openPage(browser, server.base, { width: 1440, height: 900, lang: 'zh-CN', role: 'headquarters', demo: server.demo })
  const { page } = desk
  await planner(page, fault)
  await round(page, fault)
  await exempt(page, server.demo.residents.at(-1), fault)
  const device = await enrolDevice(server)
  await closeSite(browser, server, page, device, fault)
  await resolve(server, page, device, fault)
  await settled(page)
  for (const problem of desk.problems) fault(problem)
  await desk.context.close()
}

async function planner(page, fault) {
  await page.goto('/desk/#/planner')
  const text = await page.locator('.figures').innerText()
  const population = number(await page.locator('.figures .panel').first().innerText())
  const samplers = Math.ceil(population / 360)
  if (!text.includes('÷') || !text.includes(samplers.toLocaleString('zh-CN'))) fault(`the planner shows ${text}`)
  const formula = await page.locator('tr', { hasText: '1/10 + 1' }).innerText()
  const shown = Number(formula.match(/=\s*([\d.]+)/)?.[1])
  if (Math.abs(shown - (0.1 + 1 - (1 - 0.0001) ** 10)) > 5e-5) fault(`pool of ten: ${formula}`)
}

async function round(page, fault) {
  await page.goto('/desk/#/rounds')
  await page.getByRole('button', { name: '新建轮次' }).click()
  const dialog = page.locator('.el-dialog', { hasText: '新建轮次' })
  await dialog.locator('input[maxlength="60"]').fill('浏览器里的第二轮')
  await dialog.getByRole('button', { name: '预览应检名单' }).click()
  const preview = dialog.locator('.preview')
  await preview.waitFor()
  const expected = number(await preview.locator('.sums dd').first().innerText())
  if (expected < 1000) fault(`the preview expects ${expected}`)
  await dialog.getByRole('button', { name: '创建草稿' }).click()
  await page.locator('h1', { hasText: '浏览器里的第二轮' }).or(page.locator('a.name', { hasText: '浏览器里的第二轮' })).first().waitFor()
  if ((await page.locator('h1', { hasText: '浏览器里的第二轮' }).count()) === 0) {
    await page.locator('a.name', { hasText: '浏览器里的第二轮' }).first().click()
  }
  await page.getByRole('button', { name: '开始本轮' }).click()
  await page.locator('dialog[open] .actions button').last().click()
  await page.locator('h1', { hasText: '进行中' }).waitFor()
  const opened = await page.locator('.page').innerText()
  if (!opened.includes(expected.toLocaleString('zh-CN'))) fault(`opened with another list than the preview's ${expected}`)
}

async function exempt(page, resident, fault) {
  await page.goto('/desk/#/exemptions')
  await page.getByRole('button', { name: '添加豁免' }).first().click()
  const dialog = page.locator('.el-dialog', { hasText: '添加豁免' })
  await dialog.locator('input[role=combobox]').first().fill(resident.code)
  await page.locator('.el-select-dropdown__item:visible').first().click()
  await dialog.locator('input[maxlength="200"]').fill('术后')
  await dialog.getByRole('button', { name: '添加豁免' }).click()
  await page.locator('tr', { hasText: '术后' }).first().waitFor().catch(() => fault('the exemption is not in the list'))
}

async function closeSite(browser, server, page, device, fault) {
  const sites = (await device.sites()).filter((site) => site.open).sort((a, b) => a.area.localeCompare(b.area))
  const [site, target] = sites
  const phone = await openPage(browser, server.base, { width: 390, height: 844, lang: 'zh-CN' })
  await takePost(phone.page, server, site)
  await page.goto('/desk/#/sites')
  await page.locator('input[placeholder="按名称或村社区查找"]').fill(site.name)
  await page.locator('tr', { hasText: site.name }).getByRole('button', { name: '关闭' }).click()
  const dialog = page.locator('dialog[open]')
  await dialog.locator('select').selectOption(target.id)
  await dialog.locator('input[maxlength="200"]').fill('停电')
  await dialog.getByRole('button', { name: '关闭' }).click()
  await page.locator('tr', { hasText: `分流至 ${target.name}` }).waitFor()
  await phone.page.reload()
  const banner = phone.page.locator('.closed')
  await banner.waitFor()
  const words = await banner.innerText()
  if (!words.includes(target.name) || !words.includes('停电')) fault(`the phone says: ${words}`)
  for (const problem of phone.problems) fault(problem)
  await phone.context.close()
  await page.locator('tr', { hasText: site.name }).getByRole('button', { name: '开放' }).click()
  await page.locator('tr', { hasText: site.name }).getByRole('button', { name: '关闭' }).waitFor()
}

async function resolve(server, page, device, fault) {
  const code = tube(800_000 + (Date.now() % 99_999))
  const [{ id: round }] = (await device.get('/rounds')).rows.filter((entry) => entry.state === 'open')
  const [site] = (await device.sites()).sort((a, b) => a.area.localeCompare(b.area))
  const at = new Date().toISOString()
  const swab = { op: 'record_collection', round, site: site.id, station: 1, tube: code, tube_kind: 'pool10', person: { by: 'no', no: 7 }, id_mode: 'typed' }
  const [outcome] = await send(server, device, [{ id: commandId(), device_seq: 500, at, offline: false, ...swab }])
  if (outcome.exception !== 'unknown_person') fault(`the phone hears ${JSON.stringify(outcome)}`)
  await page.goto('/desk/#/exceptions')
  await page.locator('.filters input[maxlength="32"]').fill(code)
  await page.locator('.line', { hasText: code }).first().click()
  const panel = page.locator('.one')
  await panel.locator('h2', { hasText: '查无此人' }).waitFor()
  await panel.getByPlaceholder('查看原因（记入日志）').fill('核对身份')
  await panel.getByRole('button', { name: '查看所报身份' }).click()
  await panel.locator('.look p', { hasText: '7' }).waitFor()
  await panel.getByText('登记新人').click()
  await panel.getByPlaceholder('姓名').fill('周新来')
  await panel.getByRole('button', { name: '确认处理' }).click()
  await page.locator('.line', { hasText: code }).first().waitFor({ state: 'detached' }).catch(() => fault('the exception still waits'))
}
