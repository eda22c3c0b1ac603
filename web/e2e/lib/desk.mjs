// What somebody at a desk does: forms of Element Plus, signing in by typing.
export const DESK = { width: 1440, height: 900, lang: 'zh-CN' }

/** The input of a form line, by its label. */
export const line = (place, label) => place.locator('.el-form-item', { hasText: label }).locator('input').first()

/** Chooses in a select; in one that filters, by typing. */
export async function choose(page, select, text) {
  await select.click()
  const input = select.locator('input')
  if (await input.isEditable()) await input.fill(text)
  await page.locator('.el-select-dropdown:visible .el-select-dropdown__item:visible', { hasText: text }).first().click()
}

/** The dialog that is open. */
export const dialog = (page) => page.locator('.el-dialog:visible')

export async function signInAt(page, name, password) {
  await page.goto('/desk/')
  await page.fill('input[name=username]', name)
  await page.fill('input[name=password]', password)
  await page.click('button[type=submit]')
  await page.waitForSelector('.desk main h1')
}

export async function leave(page) {
  await page.click('.top .out')
  await page.waitForSelector('input[name=password]')
}
