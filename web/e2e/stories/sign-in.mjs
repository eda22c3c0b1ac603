// The way in: a wrong password says so in the reader's language, the right one opens the pages of
// the role, the language is remembered, and leaving really leaves.
import { accountOf, openPage, settled } from '../lib/browser.mjs'

export const name = 'an administrator signs in, switches the language, and leaves'

export async function run({ browser, server, fault }) {
  const { page, context, problems } = await openPage(browser, server.base, { width: 1440, height: 900, lang: 'zh-CN' })
  const account = accountOf(server.demo, 'administrator')
  await page.goto('/desk/')
  await page.fill('input[name=username]', account.name)
  await page.fill('input[name=password]', 'not the password')
  await page.click('button[type=submit]')
  const refused = await page.textContent('[role=alert]')
  if (!/[\u4e00-\u9fff]/.test(refused)) fault(`the refusal is not Chinese: ${refused}`)
  await page.fill('input[name=password]', account.password)
  await page.click('button[type=submit]')
  await page.waitForSelector('.desk main h1')
  await page.click('.top .lang')
  await page.waitForSelector('.sidebar >> text=Accounts')
  await page.click('.top .out')
  await page.waitForSelector('input[name=password]')
  const after = await page.evaluate(async () => (await fetch('/api/v1/session')).status)
  if (after !== 401) fault(`the session still answers ${after} after leaving`)
  await settled(page)
  for (const problem of problems) fault(problem)
  await context.close()
}
