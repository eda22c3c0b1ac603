// Too much at once: headquarters order a reduced mode with a reason, the wall says so and rests its curve and map, and an
// order takes it back. And what a rehearsal on this machine found stands beside the next round before it is planned.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { openPage, scan, settled } from '../lib/browser.mjs'
import { binary } from '../lib/server.mjs'

export const name = 'headquarters order a reduced mode, the wall says so, and a rehearsal stands beside the next order'

const WORDS = {
  'zh-CN': { order: '切换模式', reduced: '精简', full: '正常', confirm: '下令', strip: '精简运行', reason: '数据库变慢', plan: '新建轮次', preview: '预览应检名单', headroom: '余量' },
  en: { order: 'Change the mode', reduced: 'Reduced', full: 'Full', confirm: 'Order it', strip: 'Running reduced', reason: 'The database is slow', plan: 'New round', preview: 'Preview the list', headroom: 'Headroom' },
}

export async function run({ browser, server, fault, out }) {
  // A borrowed server says nothing of where its key is.
  const home = server.home
  if (home) {
    const args = ['rehearse', '--city', '1000', '--order', 'all sampled by 20:00', '--seconds', '1', '--population', '300']
    execFileSync(binary(), [...args, '--key-file', join(home, 'data/master.key')], { cwd: home, stdio: 'ignore' })
  }
  for (const [lang, words] of Object.entries(WORDS)) {
    const look = async (size) => openPage(browser, server.base, { ...size, lang, role: 'headquarters', demo: server.demo })
    const desk = await look({ width: 1440, height: 900 })
    const wall = await look({ width: 1920, height: 1080 })
    const photograph = async (page, what) => {
      await settled(page)
      await page.screenshot({ path: join(out, `${what}.${lang === 'en' ? 'en' : 'zh'}.png`) })
      for (const finding of await scan(page)) fault(`${what}: ${finding}`)
    }
    await wall.page.goto('/board/')
    await wall.page.waitForSelector('.screen .figures')
    await order(desk.page, words, words.reduced, async () => photograph(desk.page, 'mode-order'))
    await wall.page.locator('.strip', { hasText: words.strip }).waitFor()
    await photograph(wall.page, 'board-reduced')
    await photograph(desk.page, 'mode-reduced')
    await order(desk.page, words, words.full)
    await wall.page.locator('.strip').waitFor({ state: 'detached' })
    if (home) await rehearsed(desk.page, words, () => photograph(desk.page, 'round-rehearsed'))
    for (const problem of [...desk.problems, ...wall.problems]) fault(problem)
    await desk.context.close()
    await wall.context.close()
  }
}

async function order(page, words, mode, look) {
  await page.goto('/desk/#/overview')
  await page.getByRole('button', { name: words.order }).click()
  const dialog = page.locator('dialog[open]')
  await dialog.locator('label', { has: page.locator('b', { hasText: new RegExp(`^${mode}$`) }) }).click()
  await dialog.locator('input[maxlength="400"]').fill(words.reason)
  await look?.()
  await dialog.getByRole('button', { name: words.confirm }).click()
  await dialog.waitFor({ state: 'hidden' })
}

async function rehearsed(page, words, look) {
  await page.goto('/desk/#/rounds')
  await page.getByRole('button', { name: words.plan }).click()
  const dialog = page.locator('.el-dialog:visible')
  // The scope is the whole city once the areas are there.
  await dialog.locator('.el-select__tags-text, .el-tag').first().waitFor()
  await dialog.locator('input[maxlength="60"]').fill(words.plan)
  await dialog.getByRole('button', { name: words.preview }).click()
  await dialog.locator('.rehearsal', { hasText: words.headroom }).waitFor()
  await look()
}
