// A whole day's work on one phone: 2,000 persons offline, in the IndexedDB of a real Chromium. The engine does what the
// screens ask of it, without the screens: a person takes seconds to scan, the phone must not.
import { fileURLToPath } from 'node:url'
import { startMock } from '@allclear/mock/http'
import { villager } from '@allclear/mock'
import { tubeFromSerial } from '@allclear/engine'
import type * as Engine from '@allclear/engine'
import type { Page } from 'playwright-core'
import { build, type Rolldown } from 'vite'
import { expect, it } from 'vitest'
import { openBrowser } from './support/browser'

const DIST = fileURLToPath(new URL('../dist', import.meta.url))
const ENGINE = fileURLToPath(new URL('../packages/engine/src/index.ts', import.meta.url))
const PERSONS = 2000
const POOL = 10

/** The engine as one script that leaves `engine` behind. */
async function engineScript(): Promise<string> {
  const lib = { entry: ENGINE, formats: ['iife' as const], name: 'engine' }
  const built = (await build({ configFile: false, logLevel: 'error', build: { write: false, lib } })) as Rolldown.RolldownOutput[]
  return built[0]?.output[0].code ?? ''
}

/** Opens the phone's book in a page that holds nothing else. */
async function openBook(page: Page, url: string, script: string): Promise<void> {
  await page.goto(`${url}/field/manifest.webmanifest`)
  await page.evaluate(script)
}

/** Fills and seals tubes; answers what each registration took until it was on disk, in milliseconds. */
function fillTubes(page: Page, tubes: { code: string; cards: string[] }[]): Promise<number[]> {
  return page.evaluate(async (all) => {
    const { Field, classify } = (window as unknown as { engine: typeof Engine }).engine
    const field = await Field.open()
    const took: number[] = []
    const good = <T extends { ok: boolean }>(answer: T) => {
      if (!answer.ok) throw new Error(JSON.stringify(answer))
      return answer as Extract<T, { ok: true }>
    }
    for (const { code, cards } of all) {
      good(await field.desk.putTube(code))
      for (const card of cards) {
        const began = performance.now()
        const [person] = good(await field.desk.recognise(classify(card))).people
        if (!person) throw new Error(`nobody has ${card}`)
        good(await field.desk.register(person))
        took.push(performance.now() - began)
      }
      good(await field.desk.sealTube(code, cards.length))
    }
    await field.close()
    return took
  }, tubes)
}

it('a phone keeps 2,000 persons offline, is started again on the way, and the server gets each of them once', async () => {
  const tubes = Array.from({ length: PERSONS / POOL }, (_, i) => ({
    code: tubeFromSerial(20_000 + i),
    cards: Array.from({ length: POOL }, (_, k) => villager(i * POOL + k + 1).card),
  }))
  const script = await engineScript()
  const server = await startMock(DIST, PERSONS)
  const browser = await openBrowser()
  try {
    const { page, context, errors } = browser
    await page.goto(`${server.url}/field/?lang=zh-CN#/outbox`)
    await page.getByLabel('账号').fill('registrar')
    await page.getByRole('textbox', { name: '密码' }).fill('yongkang-demo')
    await page.getByRole('button', { name: '登录', exact: true }).click()
    await page.getByRole('button', { name: /石柱镇/ }).click()
    await page.getByRole('button', { name: '开始采样' }).click()
    await page.locator('.tabs').waitFor()
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
    await openBook(page, server.url, script)
    await context.setOffline(true)
    const first = await fillTubes(page, tubes.slice(0, tubes.length / 2))
    await context.setOffline(false)
    await openBook(page, server.url, script)
    await context.setOffline(true)
    const second = await fillTubes(page, tubes.slice(tubes.length / 2))
    expect(server.ledger.commands).toBe(0)

    // The app itself comes up without network and finds everything.
    const opening = Date.now()
    await page.goto(`${server.url}/field/?lang=zh-CN#/outbox`)
    await page.locator('.states .kept dd', { hasText: /^2,?200$/ }).waitFor()
    const opened = Date.now() - opening
    const sending = Date.now()
    await context.setOffline(false)
    await page.locator('.states .recorded dd', { hasText: /^2,?200$/ }).waitFor({ timeout: 60_000 })
    const sent = Date.now() - sending

    expect(server.ledger.commands).toBe(PERSONS + tubes.length)
    expect(server.ledger.collections).toBe(PERSONS)
    expect(server.ledger.sampled.size).toBe(PERSONS)
    expect(errors).toEqual([])
    const middle = (took: number[]) => took.sort((a, b) => a - b)[Math.floor(took.length / 2)]?.toFixed(1)
    console.log(`a registration ${middle(first)} ms, after a thousand ${middle(second)} ms; opened in ${opened} ms; all sent in ${sent} ms`)
  } finally {
    await browser.close()
    await server.close()
  }
})
