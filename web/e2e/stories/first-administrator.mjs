// The first start outside the demo: the link on the terminal, a password that is too short, the first
// administrator of the whole country, the area list, a person who is found again, accounts for
// others, and the first laboratory and kit, which headquarters put down.
import { resolve } from 'node:path'
import { openPage } from '../lib/browser.mjs'
import { choose, DESK, dialog, leave, line, signInAt } from '../lib/desk.mjs'
import { look } from '../lib/look.mjs'
import { startServer } from '../lib/server.mjs'

export const name = 'the first administrator begins on an empty store and finds the first person; headquarters put down a laboratory'

const AREAS = resolve(import.meta.dirname, '../../../data/330784-areas.csv')
const LIN = 'four loud boats at dusk'
const PASSWORD = 'three quiet boats at noon'

export async function run({ browser, fault, out }) {
  const server = await startServer({ demo: false })
  try {
    const { page, context, problems } = await openPage(browser, server.base, DESK)
    const link = /\/desk\/#\/setup\?code=\S+/.exec(server.log())[0]
    await page.goto(link)
    await page.fill('input[name=username]', 'chief')
    await page.fill('input[name=password]', 'short')
    await page.click('button[type=submit]')
    await page.waitForSelector('[role=alert]')
    await look(page, 'desk-setup-refused', { fault, out })
    await page.fill('input[name=password]', PASSWORD)
    await page.click('button[type=submit]')
    await page.waitForSelector('.desk main h1')

    await page.goto('/desk/#/areas')
    await page.locator('input[type=file]').setInputFiles(AREAS)
    await page.locator('.el-table', { hasText: '永康市' }).waitFor()

    await page.goto('/desk/#/people')
    await page.click('.page-head .el-button--primary')
    await line(dialog(page), '姓名').fill('应采薇')
    await line(dialog(page), '证件号').fill('11010519491231002X')
    await choose(page, dialog(page).locator('.el-form-item', { hasText: '现住村' }).locator('.el-select').first(), '塘里')
    await dialog(page).locator('.el-dialog__footer .el-button--primary').click()
    await page.waitForURL(/#\/people\/\d+$/)
    await page.goto('/desk/#/people')
    await page.locator('.find input').fill('应采薇')
    await page.locator('.el-table a.name', { hasText: '应' }).waitFor()

    await page.goto('/desk/#/accounts')
    await page.locator('.el-table', { hasText: '全国' }).waitFor()
    await page.click('.page-head .el-button--primary')
    await line(dialog(page), '账号').fill('lin')
    await line(dialog(page), '姓名或岗位').fill('林小满')
    await choose(page, dialog(page).locator('.grants .el-select').nth(0), '指挥部')
    await choose(page, dialog(page).locator('.grants .el-select').nth(1), '石柱镇')
    await dialog(page).locator('.el-dialog__footer .el-button--primary').click()
    await page.locator('.el-table__row', { hasText: '林小满' }).waitFor()
    await choosePassword(browser, await dialog(page).locator('.link input').inputValue(), LIN)
    await look(page, 'desk-account-new', { fault, out })
    await dialog(page).locator('.el-dialog__footer .el-button').click()
    const chief = await headquarters(browser, page)
    await leave(page)
    await signInAt(page, chief.name, chief.password)
    await laboratory(page, { fault, out })
    await leave(page)
    await signInAt(page, 'lin', LIN)
    if (!(await page.locator('.top .who').innerText()).includes('指挥部')) fault('the new account has not its role')
    await ofATown(page, fault)
    await page.goto(link)
    await page.reload()
    await page.fill('input[name=password]', PASSWORD)
    await page.click('button[type=submit]')
    await page.waitForSelector('[role=alert]')
    for (const problem of problems.filter((text) => !/status of 4(10|22)/.test(text))) fault(problem)
    await context.close()
  } finally {
    await server.stop()
  }
}

/** An account for the headquarters of the whole county. */
async function headquarters(browser, page) {
  const account = { name: 'zhou', password: 'seven slow ducks by the mill' }
  await page.click('.page-head .el-button--primary')
  await line(dialog(page), '账号').fill(account.name)
  await line(dialog(page), '姓名或岗位').fill('周指挥')
  await choose(page, dialog(page).locator('.grants .el-select').nth(0), '指挥部')
  await choose(page, dialog(page).locator('.grants .el-select').nth(1), '永康市')
  await dialog(page).locator('.el-dialog__footer .el-button--primary').click()
  await page.locator('.el-table__row', { hasText: '周指挥' }).waitFor()
  await choosePassword(browser, await dialog(page).locator('.link input').inputValue(), account.password)
  await dialog(page).locator('.el-dialog__footer .el-button').click()
  return account
}

/** Somebody opens the link of their new account on a computer of their own. */
async function choosePassword(browser, link, password) {
  const context = await browser.newContext({ locale: 'zh-CN' })
  const page = await context.newPage()
  await page.goto(link)
  await page.fill('input[name=password]', 'password1234')
  await page.click('button[type=submit]')
  await page.waitForSelector('[role=alert]')
  await page.fill('input[name=password]', password)
  await page.click('button[type=submit]')
  await page.waitForSelector('.desk main h1')
  await context.close()
}

/** A laboratory and a kit, where there was none. */
async function laboratory(page, { fault, out }) {
  await page.goto('/desk/#/lab')
  await page.locator('.kits', { hasText: '还没有登记试剂盒' }).waitFor()
  await look(page, 'desk-lab-none', { fault, out })
  await page.getByRole('button', { name: '登记实验室' }).click()
  await line(dialog(page), '实验室名称').fill('古山镇检测点')
  await choose(page, dialog(page).locator('.el-select'), '古山镇')
  await line(dialog(page), '额定产能').fill('3000')
  await look(page, 'desk-lab-new', { fault, out })
  await dialog(page).locator('.el-dialog__footer .el-button--primary').click()
  await page.locator('.lab', { hasText: '古山镇检测点' }).waitFor()
  if (!(await page.locator('.lab', { hasText: '古山镇检测点' }).innerText()).includes('3,000')) fault('the laboratory has another rate')
  await page.getByRole('button', { name: '登记试剂盒' }).click()
  await line(dialog(page), '试剂盒名称').fill('核酸检测试剂盒（荧光法）')
  await line(dialog(page), '最短检测时间').fill('90')
  await line(dialog(page), '内标名称').fill('IC')
  await look(page, 'desk-kit-new', { fault, out })
  await dialog(page).locator('.el-dialog__footer .el-button--primary').click()
  const kit = page.locator('.kits tr', { hasText: '荧光法' })
  await kit.waitFor()
  for (const word of ['90', '38', 'IC']) if (!(await kit.innerText()).includes(word)) fault(`the kit has not ${word}`)
  await page.locator('.el-dialog:visible').waitFor({ state: 'hidden' })
  await look(page, 'desk-lab-made', { fault, out })
}

/** Headquarters of one town add a laboratory of theirs, and no kit: kits are for everybody. */
async function ofATown(page, fault) {
  await page.goto('/desk/#/lab')
  await page.locator('.kits tr', { hasText: '荧光法' }).waitFor()
  await page.getByRole('button', { name: '登记实验室' }).click()
  // The name stands there once the areas are known, by which the page tells who may add kits.
  await dialog(page).locator('.el-select', { hasText: '石柱镇' }).waitFor()
  await dialog(page).getByRole('button', { name: '取消' }).click()
  if ((await page.getByRole('button', { name: '登记试剂盒' }).count()) > 0) fault('headquarters of a town are offered to add kits')
}
