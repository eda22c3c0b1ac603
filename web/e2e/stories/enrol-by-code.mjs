// A phone is enrolled by the code that the desk shows: the code on the screen is photographed, and the
// phone's camera sees the photograph.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cameraOf, openBrowser, openPage } from '../lib/browser.mjs'
import { choose, DESK, dialog, line } from '../lib/desk.mjs'
import { photographed, writeFilm } from '../lib/film.mjs'
import { look } from '../lib/look.mjs'

export const name = 'a phone is enrolled by scanning the code on the desk, and revoked there'

const LABEL = '石柱 3 号 PDA'

export async function run({ browser, server, fault, out }) {
  const scratch = mkdtempSync(join(tmpdir(), 'allclear-film-'))
  const desk = await openPage(browser, server.base, { ...DESK, role: 'administrator', demo: server.demo })
  await desk.page.goto('/desk/#/devices')
  await desk.page.waitForSelector('.desk main h1')
  await desk.page.click('.page-head .el-button--primary')
  await choose(desk.page, dialog(desk.page).locator('.el-select'), 'registrar')
  await line(dialog(desk.page), '设备名称').fill(LABEL)
  await dialog(desk.page).locator('.el-dialog__footer .el-button--primary').click()
  await desk.page.waitForSelector('svg.qr')
  await look(desk.page, 'desk-enrol', { out, fault })
  const film = join(scratch, 'code.y4m')
  writeFilm(film, [await photographed(desk.page, await desk.page.locator('svg.qr').screenshot())])

  const filming = await openBrowser(cameraOf(film))
  try {
    const phone = await openPage(filming, server.base, { width: 390, height: 844, lang: 'zh-CN' })
    await phone.page.goto('/field/')
    await phone.page.locator('button', { hasText: '绑定码' }).click()
    await phone.page.waitForSelector('.site', { timeout: 30_000 })
    await desk.page.reload()
    const row = desk.page.locator('.el-table__row', { hasText: LABEL })
    await row.waitFor()
    await row.locator('.el-button--danger').click()
    await desk.page.locator('dialog[open] button.danger').click()
    await desk.page.locator('.el-table__row', { hasText: LABEL }).locator('text=已吊销').waitFor()
    for (const problem of [...desk.problems, ...phone.problems]) fault(problem)
    await phone.context.close()
  } finally {
    await filming.close()
    await desk.context.close()
    rmSync(scratch, { recursive: true, force: true })
  }
}
