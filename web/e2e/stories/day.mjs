// The walking skeleton on the real binary: three people are scanned into a tube by a phone without
// network; when it is back, headquarters sees them on the big screen within seconds.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accountOf, openPage } from '../lib/browser.mjs'
import { writeFilm } from '../lib/film.mjs'

export const name = 'three people are scanned offline and stand on the big screen when the network is back'
const PERSONS = 3
const SCREEN_MS_MAX = 10_000
// A label of another maker: any code that scans and is none of ours.
const tube = `YK${Date.now()}`

export function browserArgs({ server }) {
  const film = join(mkdtempSync(join(tmpdir(), 'allclear-film-')), 'day.y4m')
  writeFilm(film, [{ bar: tube }, ...server.demo.residents.slice(0, PERSONS).map(({ code }) => ({ qr: code }))])
  return ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', `--use-file-for-fake-video-capture=${film}`]
}

export async function run({ browser, server, fault }) {
  const phone = await openPhone(browser, server)
  await phone.context.setOffline(true)
  // Started again without network: the app and the shift are on the phone.
  await phone.page.reload()
  await phone.page.getByRole('link', { name: '登记' }).click()
  await phone.page.locator('.count strong', { hasText: new RegExp(`^${PERSONS}$`) }).waitFor({ timeout: 60_000 })

  const wall = await openPage(browser, server.base, {
    width: 1920,
    height: 1080,
    lang: 'zh-CN',
    role: 'headquarters',
    demo: server.demo,
  })
  await wall.page.goto('/board/')
  const collections = wall.page.locator('.figures .tile', { hasText: '采集人次' }).locator('.value')
  await collections.waitFor()
  const shown = async () => Number((await collections.textContent()).replace(/\D/g, ''))
  const before = await shown()

  await phone.context.setOffline(false)
  await phone.page.getByRole('link', { name: '发送' }).click()
  await phone.page.locator('.states .recorded dd', { hasText: new RegExp(`^${PERSONS}$`) }).waitFor()
  const sentAt = Date.now()
  while ((await shown()) < before + PERSONS) {
    if (Date.now() - sentAt > SCREEN_MS_MAX) return fault(`the screen shows ${await shown()}, not ${before + PERSONS}`)
    await wall.page.waitForTimeout(50)
  }
  console.log(`        on the screen after ${Date.now() - sentAt} ms: ${before} → ${before + PERSONS}`)
  for (const problem of [...wall.problems, ...phone.faults()]) fault(problem)
}

/** A registrar's phone at the site where the demo's residents live, its shift begun. */
async function openPhone(browser, server) {
  const { page, context, problems } = await openPage(browser, server.base, { width: 390, height: 844, lang: 'zh-CN' })
  await context.grantPermissions(['camera'])
  const { name: account, password } = accountOf(server.demo, 'registrar')
  await page.goto('/field/#/outbox')
  await page.getByLabel('账号').fill(account)
  await page.getByRole('textbox', { name: '密码' }).fill(password)
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.waitForFunction(() => document.querySelector('input[name=password]') === null)
  const site = await page.evaluate(async () => {
    const { rows } = await (await fetch('/api/v1/sites')).json()
    return rows.sort((a, b) => a.area.localeCompare(b.area))[0].name
  })
  await page.getByRole('button', { name: site }).click()
  await page.getByRole('button', { name: '开始采样' }).click()
  await page.locator('.tabs').waitFor()
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  // Without network every request fails, and the browser says so: that is what is tested.
  return { page, context, faults: () => problems.filter((problem) => !problem.includes('net::ERR_INTERNET_DISCONNECTED')) }
}
