// The first start outside the demo: the link on the terminal, a password that is too short, the first
// administrator of the whole country, the area list, a person who is found again, and an account for
// somebody else.
import { join, resolve } from 'node:path'
import { openPage, scan, settled } from '../lib/browser.mjs'
import { choose, DESK, dialog, leave, line, signInAt } from '../lib/desk.mjs'
import { startServer } from '../lib/server.mjs'

export const name = 'the first administrator begins on an empty store and finds the first person'

const AREAS = resolve(import.meta.dirname, '../../../data/330784-areas.csv')
const PASSWORD = 'a long first password'

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
    await settled(page)
    await page.screenshot({ path: join(out, 'desk-setup.zh.1440x900.png') })
    for (const finding of await scan(page)) fault(finding)
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
    await line(dialog(page), '初始密码').fill('a first password for lin')
    await choose(page, dialog(page).locator('.grants .el-select').nth(0), '指挥部')
    await choose(page, dialog(page).locator('.grants .el-select').nth(1), '石柱镇')
    await settled(page)
    await page.screenshot({ path: join(out, 'desk-account-new.zh.1440x900.png') })
    for (const finding of await scan(page)) fault(finding)
    await dialog(page).locator('.el-dialog__footer .el-button--primary').click()
    await page.locator('.el-table__row', { hasText: '林小满' }).waitFor()
    await leave(page)
    await signInAt(page, 'lin', 'a first password for lin')
    if (!(await page.locator('.top .who').innerText()).includes('指挥部')) fault('the new account has not its role')
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
