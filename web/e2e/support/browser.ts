// Debian's Chromium with a fresh profile; a camera that plays a film if one is given.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, type Page, chromium } from 'playwright-core'
import { noteFlashes } from '../lib/flash.mjs'

export const PHONE = { width: 390, height: 844 }
export const SMALL_PHONE = { width: 360, height: 640 }

export interface Browser {
  context: BrowserContext
  page: Page
  /** Errors of the page and its console; a test that ends with one has failed. */
  errors: string[]
  close(): Promise<void>
}

export interface BrowserOptions {
  viewport?: { width: number; height: number }
  /** A Y4M file that the camera plays in a loop. */
  film?: string
  lang?: string
  phone?: boolean
}

function executable(): string {
  const found = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  const path = found.find((one) => one !== undefined && existsSync(one))
  if (path === undefined) throw new Error('no Chromium: install the package `chromium` or set CHROMIUM')
  return path
}

export async function openBrowser(options: BrowserOptions = {}): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'allclear-browser-'))
  const film = options.film === undefined ? [] : [`--use-file-for-fake-video-capture=${options.film}`]
  const phone = options.phone ?? true
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executable(),
    headless: true,
    viewport: options.viewport ?? PHONE,
    locale: options.lang ?? 'zh-CN',
    timezoneId: 'Asia/Shanghai',
    isMobile: phone,
    hasTouch: phone,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream',
      ...film,
    ],
  })
  await noteFlashes(context)
  const page = context.pages()[0] ?? (await context.newPage())
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('console', (message) => {
    // The browser itself reports failed requests; a phone without network has many of them.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) errors.push(message.text())
  })
  return {
    context,
    page,
    errors,
    close: async () => {
      await context.close()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Serious and critical accessibility findings of the page as it stands. */
export async function seriousFindings(page: Page): Promise<string[]> {
  // What is still fading in has not its colours yet.
  await page.evaluate(async () => {
    await Promise.allSettled(document.getAnimations().map((one) => one.finished))
  })
  // `evaluate` is not bound by the page's content policy.
  await page.evaluate(axeSource)
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }
    interface Violation {
      id: string
      impact: string
      nodes: { html: string; failureSummary: string }[]
    }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join(' | ')}`)
  })
}
