// Chromium, a page that notes everything that goes wrong, and the accessibility scan.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { noteFlashes } from './flash.mjs'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--no-first-run',
  '--no-sandbox',
]

/** Arguments of a browser whose camera plays a film. The file is opened anew each time that a page opens the camera. */
export const cameraOf = (film) => [
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  `--use-file-for-fake-video-capture=${film}`,
]

/** `args` are added: a camera made from a file, for one. */
export function openBrowser(args = []) {
  const executablePath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser'].find(
    (path) => path && existsSync(path),
  )
  return chromium.launch({ executablePath, headless: true, args: [...QUIET, ...args] })
}

/** Where a page asks who is signed in, or somebody signs in: an absent session and a wrong password are answers. */
const SIGN_IN = ['/api/v1/session', '/api/v1/resident/session', '/api/v1/resident/me']

/** Whether a console error is only the answer that nobody is signed in. Any other refusal is a fault: its page is empty. */
function isSignInProbe(text, url) {
  return /status of 401/.test(text) && URL.canParse(url) && SIGN_IN.includes(new URL(url).pathname)
}

/** A page of its own profile. `problems` fills with whatever a careful tester would report. */
export async function openPage(browser, base, { width, height, lang, role, demo, context: more = {} }) {
  const phone = width < 700
  const context = await browser.newContext({
    baseURL: base,
    viewport: { width, height },
    locale: lang,
    timezoneId: 'Asia/Shanghai',
    reducedMotion: 'reduce',
    isMobile: phone,
    hasTouch: phone,
    ...more,
  })
  await context.addInitScript((chosen) => localStorage.setItem('allclear.lang', chosen), lang)
  await noteFlashes(context)
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  const problems = []
  page.on('pageerror', (error) => problems.push(`error in the page: ${error.message}`))
  page.on('console', (message) => {
    const text = message.text()
    if (message.type() === 'error' && !isSignInProbe(text, message.location().url)) problems.push(`console: ${text} (${message.location().url})`)
    if (/\[intlify\]|\[Vue warn\]/.test(text)) problems.push(`console: ${text}`)
  })
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (protocol.startsWith('http') && origin !== new URL(base).origin) problems.push(`request to another origin: ${request.url()}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 500) problems.push(`${response.status()} from ${response.url()}`)
  })
  if (role) await signIn(context, demo, role)
  return { page, context, problems }
}

export function accountOf(demo, role) {
  const account = demo.accounts.find((entry) => entry.role === role)
  if (!account) throw new Error(`the demo has no account for ${role}`)
  return account
}

async function signIn(context, demo, role) {
  const { name, password } = accountOf(demo, role)
  const answer = await context.request.post('/api/v1/session', {
    headers: { 'X-Allclear': '1' },
    data: { name, password },
  })
  if (!answer.ok()) throw new Error(`${role} cannot sign in: ${answer.status()} ${await answer.text()}`)
}

/** Until nothing loads and no spinner turns. A live stream never ends, so it is not waited for. */
export async function settled(page) {
  await page.waitForLoadState('load')
  await page.waitForFunction(() => document.querySelector('#app')?.childElementCount > 0)
  await page.waitForFunction(
    () => ![...document.querySelectorAll('.el-loading-mask, .van-loading')].some((mask) => mask.offsetParent),
  )
  await page.evaluate(() => document.fonts.ready)
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 150)))),
  )
}

/** Serious and critical findings of axe, one line each. */
export async function scan(page) {
  await page.evaluate(axeSource)
  const result = await page.evaluate(() =>
    window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }),
  )
  return result.violations
    .filter((violation) => ['serious', 'critical'].includes(violation.impact))
    .map((violation) => {
      const places = violation.nodes.slice(0, 3).map((node) => node.target.join(' '))
      return `axe ${violation.impact}: ${violation.id} (${violation.nodes.length}): ${places.join(' | ')}`
    })
}
