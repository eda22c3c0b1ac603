// Photographs what stands on a page of the desk, in both languages, and scans it.
import { join } from 'node:path'
import { scan, settled } from './browser.mjs'

const TAGS = { zh: 'zh-CN', en: 'en' }
/** The gate looks at the first language; a run that takes pictures looks at both. */
const LOOKED_AT = process.argv.includes('--screens') ? Object.keys(TAGS) : ['zh']

/** What is half done would be lost by loading the page again, so the language is switched where it stands, and back. */
export async function look(page, name, { out, fault, langs = LOOKED_AT }) {
  const before = await page.evaluate(() => document.documentElement.lang)
  const { width, height } = page.viewportSize()
  for (const tag of langs) {
    await speak(page, TAGS[tag])
    await settled(page)
    await page.screenshot({ path: join(out, `${name}.${tag}.${width}x${height}.png`) })
    for (const finding of await scan(page)) fault(`${name} ${tag}: ${finding}`)
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    if (wide > 1) fault(`${name} ${tag}: ${wide} px wider than the window`)
  }
  await speak(page, before)
}

/** A dialog covers the button and makes it inert, so nobody points at it. */
async function speak(page, lang) {
  const now = () => page.evaluate(() => document.documentElement.lang)
  if ((await now()) !== lang) await page.evaluate(() => document.querySelector('button.lang').click())
  if ((await now()) !== lang) throw new Error(`the page does not speak ${lang}`)
}
