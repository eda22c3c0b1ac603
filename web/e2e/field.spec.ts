// The field app in a phone-size browser against the mock backend: offline, with a real camera film.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { boxFromSerial, tubeFromSerial } from '@allclear/engine'
import { ROUND, villager } from '@allclear/mock'
import { type MockServer, startMock } from '@allclear/mock/http'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type Browser, openBrowser, seriousFindings } from './support/browser'
import { writeFilm } from './lib/film.mjs'
import { nextFlash } from './lib/flash.mjs'

const DIST = fileURLToPath(new URL('../dist', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'allclear-film-'))
let server: MockServer
let browser: Browser | undefined

beforeAll(async () => {
  server = await startMock(DIST)
})
afterAll(() => server.close())
afterEach(async () => {
  await browser?.close()
  browser = undefined
})

async function signIn(page: Page, to = 'register'): Promise<void> {
  await page.goto(`${server.url}/field/?lang=zh-CN#/${to}`)
  await page.getByLabel('账号').fill('registrar')
  await page.getByRole('textbox', { name: '密码' }).fill('yongkang-demo')
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.getByRole('button', { name: /石柱镇/ }).click()
  await page.getByRole('button', { name: '开始采样' }).click()
  await page.locator('.tabs').waitFor()
}

/** Types into the app as a keyboard-wedge scanner does. */
async function wedge(page: Page, text: string): Promise<void> {
  await page.evaluate((keys) => {
    for (const key of [...keys, 'Enter']) window.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
  }, text)
}

async function flash(page: Page, word: string): Promise<void> {
  await nextFlash(page, { word })
}

it('three people go into a tube offline, by camera, and reach the server when the network is back', async () => {
  const tube = tubeFromSerial(4711)
  const film = join(scratch, 'three.y4m')
  writeFilm(film, [{ bar: tube }, { qr: villager(1).card }, { qr: villager(4).card }, { qr: villager(7).number }])
  browser = await openBrowser({ film })
  const { page, context, errors } = browser
  await signIn(page, 'outbox')
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  await context.setOffline(true)
  // Started again without network: the service worker serves the app, IndexedDB the shift.
  await page.reload()
  await page.getByRole('link', { name: '登记' }).click()
  await page.locator('.count strong', { hasText: /^3$/ }).waitFor({ timeout: 60_000 })
  await page.getByText('离线').first().waitFor()
  expect(server.ledger.collections).toBe(0)
  await page.getByRole('link', { name: '发送' }).click()
  await page.locator('.states .kept dd', { hasText: /^3$/ }).waitFor()
  await context.setOffline(false)
  await page.locator('.states .recorded dd', { hasText: /^3$/ }).waitFor()
  expect(server.ledger.tubes.get(tube)?.size).toBe(3)
  expect([...server.ledger.sampled.keys()].map((key) => key.split('/')[1]).sort()).toEqual(['no:1', 'no:4', 'no:7'])
  expect(errors).toEqual([])
})

it('a registrar with a scanner: undo, second time, full tube, wrong count, seal, box', async () => {
  browser = await openBrowser()
  const { page, errors } = browser
  await signIn(page)
  const [tube, next, box] = [tubeFromSerial(8001), tubeFromSerial(8002), boxFromSerial(81)]
  await wedge(page, villager(11).card)
  await flash(page, '先扫采样管')
  await wedge(page, tube)
  await flash(page, tube.slice(-4))
  for (let no = 11; no <= 20; no += 1) {
    await wedge(page, villager(no).card)
    if (no < 20) await flash(page, `${no - 10}/10`)
  }
  await flash(page, '满管，封管')
  // The count gate opens by itself; nine is not ten.
  await page.getByRole('button', { name: '9', exact: true }).click()
  await page.getByText('数目不符').or(page.locator('.compare')).first().waitFor()
  await page.getByRole('button', { name: '重新数' }).click()
  await page.getByRole('button', { name: '10', exact: true }).click()
  await flash(page, '已封管')
  await wedge(page, tube)
  await flash(page, '已封管')
  await wedge(page, next)
  await flash(page, next.slice(-4))
  await wedge(page, villager(11).card)
  await flash(page, '已采样')
  await page.getByRole('button', { name: '不登记' }).click()
  await wedge(page, villager(21).card)
  await flash(page, '1/10')
  await page.getByRole('button', { name: '撤销' }).click()
  await flash(page, '已撤销')
  // A family by one scan.
  await wedge(page, villager(22).householdCode)
  for (const no of [22, 23, 24]) await page.getByRole('button', { name: villager(no).name }).first().click()
  await page.getByRole('button', { name: '登记选中的 3 人' }).click()
  await page.locator('.count strong', { hasText: /^3$/ }).waitFor()
  await flash(page, '3/10')
  await page.getByRole('button', { name: '手工' }).click()
  await page.getByLabel('姓名').fill('无名婴儿')
  await page.locator('dialog.sheet').getByRole('button', { name: '登记' }).click()
  await flash(page, '4/10')
  await page.getByRole('button', { name: '封管 4/10' }).click()
  await page.getByRole('button', { name: '4', exact: true }).click()
  await flash(page, '已封管')
  await page.getByRole('link', { name: '装箱' }).click()
  await wedge(page, box)
  await flash(page, box.slice(-4))
  for (const one of [tube, next]) {
    await wedge(page, one)
    await flash(page, one.slice(-4))
  }
  await page.getByRole('button', { name: '封箱 2' }).click()
  await page.getByRole('button', { name: '2', exact: true }).click()
  await page.getByRole('button', { name: '确定' }).click()
  await flash(page, '已封箱')
  await page.getByRole('link', { name: '发送' }).click()
  await page.getByText('全部已上传').first().waitFor()
  await page.locator('.states .exception dd', { hasText: /^0$/ }).waitFor()
  expect(server.ledger.tubes.get(tube)?.size).toBe(10)
  expect([...(server.ledger.boxes.get(box) ?? [])].sort()).toEqual([tube, next].sort())
  expect(errors).toEqual([])
})

it('two phones hand over boxes by showing each other codes', async () => {
  browser = await openBrowser()
  const { page, context, errors } = browser
  await signIn(page)
  const [tube, box] = [tubeFromSerial(9001), boxFromSerial(91)]
  await page.getByRole('link', { name: '装箱' }).click()
  await page.getByText('扫转运箱').waitFor()
  await wedge(page, box)
  await flash(page, box.slice(-4))
  await wedge(page, tube)
  await flash(page, tube.slice(-4))
  await page.getByRole('button', { name: '封箱 1' }).click()
  await page.getByRole('button', { name: '1', exact: true }).click()
  await page.getByRole('button', { name: '确定' }).click()
  await flash(page, '已封箱')
  await page.getByRole('link', { name: '转运' }).click()
  await page.getByRole('button', { name: '交出' }).click()
  await page.getByLabel('送到哪里').fill('市疾控中心')
  await page.locator('dialog.sheet').getByRole('button', { name: /交出/ }).click()
  await page.locator('svg.qr').waitFor()
  const offer = await heldText(page, 'offer')

  const other = await openBrowser()
  try {
    await signIn(other.page)
    await other.page.getByRole('link', { name: '转运' }).click()
    await other.page.getByRole('button', { name: '接收' }).click()
    // The statement is longer than any code; a phone without a camera gets it by typing or pasting.
    await other.page.getByRole('button', { name: '输入' }).click()
    await other.page.getByLabel('号码').fill(offer)
    await other.page.getByRole('button', { name: '确定' }).click()
    await flash(other.page, '1 箱')
    await other.page.getByRole('button', { name: '清点无误' }).click()
    await flash(other.page, '已接收')
    const receipt = await heldText(other.page, 'receipt')
    await page.getByRole('button', { name: '扫对方的回执码' }).click()
    await wedge(page, receipt)
    await flash(page, '已交出')
  } finally {
    await other.close()
  }
  await page.getByRole('link', { name: '发送' }).click()
  await page.getByText('全部已上传').first().waitFor()
  const halves = [...server.ledger.handovers.values()].flat().map((half) => half.op === 'hand_over' && half.side)
  expect(halves.sort()).toEqual(['giver', 'taker'])
  expect(errors).toEqual([])
  await context.clearCookies()
})

/** The statement that the phone shows as a code. */
function heldText(page: Page, key: 'offer' | 'receipt'): Promise<string> {
  return page.evaluate(
    (name) =>
      new Promise<string>((done, fail) => {
        const open = indexedDB.open('allclear-field')
        open.onerror = () => fail(open.error)
        open.onsuccess = () => {
          const get = open.result.transaction('meta').objectStore('meta').get(name)
          get.onsuccess = () => {
            open.result.close()
            done((get.result as { text: string }).text)
          }
        }
      }),
    key,
  )
}

it('offers a new version, and takes it only when somebody taps', async () => {
  browser = await openBrowser()
  const { page, errors } = browser
  await signIn(page, 'outbox')
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  server.edit = (path, body) => (path === '/field/sw.js' ? `// next\n${body.toString()}` : body)
  await page.reload()
  await page.evaluate(() => navigator.serviceWorker.ready.then((one) => one.update()).then(() => undefined))
  const offer = page.getByRole('button', { name: '有新版本' })
  await offer.waitFor()
  const waits = () => page.evaluate(() => navigator.serviceWorker.ready.then((one) => one.waiting !== null))
  expect(await waits()).toBe(true)
  await Promise.all([page.waitForEvent('load'), offer.click()])
  await page.locator('.tabs').waitFor()
  expect(await waits()).toBe(false)
  expect(await offer.count()).toBe(0)
  expect(errors).toEqual([])
  server.edit = (_, body) => body
  // What the server says is never in the cache.
  const cached = await page.evaluate(async () => {
    const names = await caches.keys()
    const keys = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()))
    return keys.flat().map((request) => new URL(request.url).pathname)
  })
  expect(cached).toContain('/field/')
  expect(cached.filter((path) => path.startsWith('/api/'))).toEqual([])
})

it('says so when another phone has sampled the person already', async () => {
  browser = await openBrowser()
  const { page } = browser
  await signIn(page)
  server.ledger.sampled.set(`${ROUND}/no:40`, 'elsewhere')
  await wedge(page, tubeFromSerial(5005))
  await flash(page, '0/10')
  await wedge(page, villager(40).card)
  await flash(page, '本轮重复采样')
  await page.getByText('! 1').waitFor()
})

it('a family that does not fit: who was not taken in is said; taking back is asked first', async () => {
  browser = await openBrowser()
  const { page, errors } = browser
  await signIn(page)
  await wedge(page, tubeFromSerial(6001))
  await flash(page, '0/10')
  await page.locator('.tools button').nth(2).click()
  await page.locator('dialog.sheet button.wide').first().click()
  await page.locator('.count', { hasText: '0/1' }).waitFor()
  await page.locator('dialog.sheet').waitFor({ state: 'detached' })
  await wedge(page, villager(22).householdCode)
  for (const no of [22, 23, 24]) await page.getByRole('button', { name: villager(no).name }).first().click()
  await page.getByRole('button', { name: '登记选中的 3 人' }).click()
  await flash(page, '2 人没有登记')
  const left = page.locator('dialog.sheet .left')
  expect(await left.allInnerTexts()).toEqual([23, 24].map((no) => expect.stringContaining(villager(no).name)))
  await page.getByRole('button', { name: '确定' }).click()
  await page.getByRole('button', { name: '1', exact: true }).click()
  await flash(page, '已封管')

  await wedge(page, tubeFromSerial(6002))
  await flash(page, '0/10')
  await wedge(page, villager(31).card)
  await flash(page, '1/10')
  await page.locator('.who').click()
  await page.getByRole('button', { name: '撤回' }).click()
  await page.getByRole('button', { name: '不撤回' }).click()
  await page.locator('.count strong', { hasText: /^1$/ }).waitFor()
  await page.getByRole('button', { name: '撤回' }).click()
  await page.locator('dialog.sheet .b.stop').click()
  await flash(page, '已撤销')
  await page.locator('.count strong', { hasText: /^0$/ }).waitFor()
  expect(errors).toEqual([])
})

it('says when its token was taken back, and sends what it kept after signing in again', async () => {
  browser = await openBrowser()
  const { page } = browser
  await signIn(page)
  const before = server.ledger.collections
  for (let no = 1; no < 99; no += 1) server.revoked.add(`device-${no}`)
  await wedge(page, tubeFromSerial(7001))
  await flash(page, '0/10')
  await wedge(page, villager(51).card)
  await flash(page, '1/10')
  await page.getByRole('alert').filter({ hasText: '服务器不再接受这台手机' }).waitFor()
  expect(server.ledger.collections).toBe(before)
  server.revoked.clear()
  await page.getByRole('button', { name: '重新登录' }).click()
  await page.getByLabel('账号').fill('registrar')
  await page.getByRole('textbox', { name: '密码' }).fill('yongkang-demo')
  await page.getByRole('button', { name: '登录', exact: true }).click()
  await page.getByRole('button', { name: /石柱镇/ }).waitFor()
  await expect.poll(() => server.ledger.collections, { timeout: 30_000 }).toBe(before + 1)
})

it('enrols by code, and a refusing server is said so', async () => {
  browser = await openBrowser()
  const { page } = browser
  await page.goto(`${server.url}/field/?lang=en#/enrol?code=WRONG-CODE`)
  await page.getByText('Please sign in.').first().waitFor()
  await page.goto('about:blank')
  await page.goto(`${server.url}/field/?lang=en#/enrol?code=ENROL-CODE`)
  await page.getByText('At which site?').waitFor()
})

// Each language has its own person and tube: a second swab of the same one is answered with a flash at any time.
it.each([
  ['zh-CN', 31],
  ['en', 32],
])('has no serious accessibility findings on any page (%s)', async (lang, no) => {
  browser = await openBrowser({ lang })
  const { page } = browser
  const check = async (where: string) => expect(await seriousFindings(page), where).toEqual([])
  await page.goto(`${server.url}/field/?lang=${lang}`)
  await page.locator('input[name=username]').waitFor()
  await check('sign-in')
  await page.locator('input[name=username]').fill('registrar')
  await page.locator('input[name=password]').fill('yongkang-demo')
  await page.locator('button[type=submit]').click()
  await page.locator('.site').waitFor()
  await check('sites')
  await page.locator('.site').click()
  await page.locator('.stations').waitFor()
  await check('station')
  await page.locator('.last').click()
  await page.locator('.step.tube').waitFor()
  await check('register, no tube')
  await wedge(page, tubeFromSerial(100 + no))
  await page.locator('.flash').waitFor()
  await check('flash')
  await flash(page, '0/10')
  await wedge(page, villager(no).card)
  await flash(page, '1/10')
  await check('register')
  for (const n of [1, 2]) {
    await page.locator('.tools button').nth(n).click()
    await page.locator('dialog.sheet').waitFor()
    await check(`register sheet ${n}`)
    await page.keyboard.press('Escape')
    await page.locator('dialog.sheet').waitFor({ state: 'detached' })
  }
  await page.locator('.b.main').click()
  await page.locator('dialog.sheet .n').first().waitFor()
  await check('count gate')
  await page.locator('dialog.sheet .n').nth(4).click()
  await check('count differs')
  await page.keyboard.press('Escape')
  for (const name of ['boxes', 'courier', 'outbox']) {
    await page.locator(`.tabs a[href="#/${name}"]`).click()
    await page.locator('h1').waitFor({ state: 'attached' })
    await page.waitForTimeout(200)
    await check(name)
  }
})
