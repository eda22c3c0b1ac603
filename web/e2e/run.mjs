// Visits every page of every app in both languages and every dialog at its sizes, on the real binary: nothing may
// fail, warn, leave the origin, or have a serious accessibility finding. The stories come first.
//   npm run e2e                      all, dialogs and stories in Chinese; screenshots go to e2e/out
//   npm run e2e -- --screens         all in both languages; screenshots go to docs/screens, to be committed
//   npm run e2e -- --pages           the pages only, on a day under way
//   npm run e2e -- --only=board,desk-trace   only what has one of these in its name
//   ALLCLEAR_URL=… npm run e2e       on a demo that runs already
import { mkdirSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DIALOGS } from './dialogs.mjs'
import { dayUnderWay } from './lib/activity.mjs'
import { openBrowser, openPage, scan, settled } from './lib/browser.mjs'
import { Report } from './lib/check.mjs'
import { borrowServer, startServer } from './lib/server.mjs'
import { unseen } from './lib/views.mjs'
import { DESK_ASKS, DESK_ROLES, DESK_SIZE, LANGS, PAGES, PHONES } from './pages.mjs'

const here = import.meta.dirname
const flags = new Set(process.argv.slice(2))
const only = process.argv.find((arg) => arg.startsWith('--only='))?.slice('--only='.length)
const out = flags.has('--screens') ? resolve(here, '../../docs/screens') : join(here, 'out')
const wanted = (name) => !only || only.split(',').some((part) => name.includes(part))
mkdirSync(out, { recursive: true })

/** Pages that are looked at side by side: one draws while the other waits. */
const AT_ONCE = 2
/** Whether a day is put under way behind the pages; a single page is looked at without, unless `--pages` says so. */
const busy = !process.env.ALLCLEAR_URL && (!only || flags.has('--pages'))

const report = new Report()
const server = process.env.ALLCLEAR_URL ? await borrowServer(process.env.ALLCLEAR_URL) : await startServer()

/** One page, one language, one size: look, photograph, scan. */
async function visit(browser, entry, lang, [width, height]) {
  const name = `${entry.name}.${lang === 'en' ? 'en' : 'zh'}.${width}x${height}`
  if (!wanted(name)) return
  await report.run(name, async (fault) => {
    const options = { width, height, lang, role: entry.role, demo: server.demo }
    const { page, context, problems } = await openPage(browser, server.base, options)
    try {
      await entry.before?.(page)
      await page.goto(entry.path)
      await settled(page)
      if (entry.ready) await page.waitForSelector(entry.ready, { timeout: 15_000 })
      if (entry.open) await entry.open(page)
      await settled(page)
      await page.screenshot({ path: join(out, `${name}.png`), fullPage: entry.full ?? false })
      const findings = await scan(page)
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
      if (wide > 1) fault(`the page is ${wide} px wider than the window`)
      for (const problem of [...problems, ...findings]) fault(problem)
    } finally {
      await context.close()
    }
  })
}

/** What a role finds in the sidebar. */
async function deskPages(browser, role) {
  const [width, height] = DESK_SIZE
  const { page, context } = await openPage(browser, server.base, { width, height, lang: 'en', role, demo: server.demo })
  try {
    await page.goto('/desk/')
    await settled(page)
    return await page.$$eval('.sidebar a[href^="#/"]', (links) => links.map((link) => link.getAttribute('href')))
  } finally {
    await context.close()
  }
}

/** Whatever each role finds in its sidebar, once. */
async function sidebarPages(browser) {
  const [entries, seen] = [[], new Set()]
  if (only && !only.includes('desk')) return []
  for (const role of DESK_ROLES) {
    for (const hash of await deskPages(browser, role)) {
      if (seen.has(hash) && role !== 'grid_worker') continue
      seen.add(hash)
      const name = `desk-${hash.slice(2).replaceAll('/', '-')}`
      // A grid worker stands at a door: these pages are also visited as phones show them.
      const sizes = role === 'grid_worker' ? [DESK_SIZE, PHONES[0]] : [DESK_SIZE]
      entries.push({ name, path: `/desk/${hash}`, role, sizes, ready: '.desk main h1', open: busy && DESK_ASKS[hash] })
    }
  }
  return entries
}

/** Dialogs are looked at in English only where pictures are taken; pages always in both. */
const langsOf = (entry) => (DIALOGS.includes(entry) && !flags.has('--screens') ? LANGS.slice(0, 1) : LANGS)

async function visitAll() {
  const browser = await openBrowser()
  try {
    const visits = [...PAGES, ...(await sidebarPages(browser))].flatMap((entry) =>
      langsOf(entry).flatMap((lang) => entry.sizes.map((size) => [entry, lang, size])),
    )
    const next = async () => {
      for (let one = visits.shift(); one; one = visits.shift()) await visit(browser, ...one)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, next))
  } finally {
    await browser.close()
  }
}

/** A story is a file that exports `name`, `run({ browser, server, fault, out })` and perhaps `browserArgs({ server })`. */
async function tellStories() {
  for (const file of readdirSync(join(here, 'stories')).filter((name) => name.endsWith('.mjs')).sort()) {
    const story = await import(`./stories/${file}`)
    if (!wanted(`story-${file}`)) continue
    await report.run(`story: ${story.name}`, async (fault) => {
      const args = await story.browserArgs?.({ server })
      const browser = await openBrowser(args)
      try {
        await story.run({ browser, server, fault, out })
      } finally {
        await browser.close()
      }
    })
  }
}

let good = false
try {
  // Stories first: pages are then looked at with a day's rows in them.
  if (!flags.has('--pages')) await tellStories()
  if (busy) await report.run('a day under way behind the pages', () => dayUnderWay(server))
  await visitAll()
  if (!only) await report.run('every address and every dialog has its pictures', (fault) => unseen(fault))
  good = report.close()
} finally {
  await server.stop()
}
process.exitCode = good ? 0 : 1
