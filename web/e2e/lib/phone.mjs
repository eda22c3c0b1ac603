// What a registrar does with the phone.
import { accountOf } from './browser.mjs'
import { nextFlash } from './flash.mjs'

export const PHONES = [
  [390, 844],
  [360, 640],
]

/** Signs in and takes up work at a site. `to` is the page to arrive at; `look` sees each step. */
export async function takePost(page, server, site, { role = 'registrar', to = 'register', look } = {}) {
  const { name, password } = accountOf(server.demo, role)
  await page.goto(`/field/#/${to}`)
  await page.fill('input[name=username]', name)
  await page.fill('input[name=password]', password)
  await page.click('button[type=submit]')
  await page.waitForSelector('.site')
  await look?.('sites')
  const search = page.locator('input[name=site-search]')
  if ((await search.count()) > 0) await search.fill(site.name)
  await page.locator('.site', { hasText: site.name }).first().click()
  await page.waitForSelector('.last')
  await look?.('station')
  await page.click('.last')
  await page.waitForSelector('.tabs')
}

/** A keyboard-wedge scanner. */
export function wedge(page, text) {
  return page.evaluate((keys) => {
    for (const key of [...keys, 'Enter']) window.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
  }, text)
}

/** Waits for the flash and taps it away. */
export const flash = (page, kind) => nextFlash(page, { kind })

/** A number of the outbox page. */
export const state = (page, name, count) =>
  page.locator(`.states .${name} dd`, { hasText: new RegExp(`^${count}$`) }).waitFor({ timeout: 30_000 })

/** Goes to a page of the app and waits until it is there. */
export async function tab(page, name) {
  await page.click(`.tabs a[href="#/${name}"]`)
  await page.waitForSelector(`.tabs a[href="#/${name}"][aria-current]`)
}
