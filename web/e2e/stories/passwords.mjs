// Somebody changes their own password; somebody else forgot theirs and gets a link; the auditor reads
// both in the access log. Accounts of their own, so that other stories keep the demo's.
import { openPage } from '../lib/browser.mjs'
import { DESK, dialog, leave, signInAt } from '../lib/desk.mjs'
import { look } from '../lib/look.mjs'

export const name = 'a password is changed, a forgotten one is set anew by link, and the auditor sees both'

const [FIRST, SECOND, THIRD] = ['the very first password', 'the second password', 'the third password']

export async function run({ browser, server, fault, out }) {
  const admin = await openPage(browser, server.base, { ...DESK, role: 'administrator', demo: server.demo })
  const account = { name: 'story-passwords', display_name: '密码故事', password: FIRST, grants: [{ role: 'headquarters', area: '330784' }] }
  const made = await admin.context.request.post('/api/v1/accounts', { headers: { 'X-Allclear': '1' }, data: account })
  if (!made.ok()) throw new Error(await made.text())

  const own = await openPage(browser, server.base, DESK)
  await signInAt(own.page, account.name, FIRST)
  await change(own.page, 'not the password', SECOND)
  await dialog(own.page).locator('[role=alert]').waitFor()
  await look(own.page, 'desk-password', { out, fault })
  await fill(own.page, FIRST, SECOND)
  await dialog(own.page).waitFor({ state: 'hidden' })
  await leave(own.page)
  await signInAt(own.page, account.name, SECOND)
  await leave(own.page)

  await admin.page.goto('/desk/#/accounts')
  const row = admin.page.locator('.el-table__row', { hasText: account.display_name })
  await row.locator('button', { hasText: '重置密码' }).click()
  await dialog(admin.page).locator('.el-button--primary').click()
  const link = await dialog(admin.page).locator('input').inputValue()
  await look(admin.page, 'desk-reset-link', { out, fault })

  await own.page.goto(link)
  // Only the fragment differs: a person who opens the link gets a page of its own.
  await own.page.reload()
  await own.page.waitForSelector('.door')
  await look(own.page, 'desk-reset-open', { out, fault })
  await own.page.fill('input[name=password]', THIRD)
  await own.page.click('button[type=submit]')
  await own.page.waitForSelector('.desk main h1')
  await leave(own.page)
  await signInAt(own.page, account.name, THIRD)

  const auditor = await openPage(browser, server.base, { ...DESK, role: 'auditor', demo: server.demo })
  await auditor.page.goto('/desk/#/access-log')
  await auditor.page.locator('.tools input').nth(2).fill(`account:${account.name}`)
  await auditor.page.click('.tools button[type=submit]')
  for (const word of ['修改自己的密码', '生成重置链接', '用链接设置新密码', '新建账号']) {
    await auditor.page.locator('.el-table__row', { hasText: word }).waitFor()
  }
  const rows = await auditor.page.locator('.el-table__row').count()
  if (rows !== 4) fault(`the access log shows ${rows} entries of the account, not 4`)
  for (const problem of [...own.problems, ...admin.problems, ...auditor.problems].filter((text) => !/status of 422/.test(text))) fault(problem)
  for (const { context } of [own, admin, auditor]) await context.close()
}

async function change(page, from, to) {
  await page.click('.top .own')
  await fill(page, from, to)
}

async function fill(page, from, to) {
  await page.fill('input[name=old-password]', from)
  await page.fill('input[name=new-password]', to)
  await dialog(page).locator('.el-button--primary').click()
}
