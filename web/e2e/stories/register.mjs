// The register, from a file to a merged record: uploaded, mapped, taken in with progress, bad rows
// fetched, a waiting row decided, all of it undone; then a person found in five ways, merged and taken
// apart; then an area list in GB18030.
import { readFileSync } from 'node:fs'
import { openPage, scan, settled } from '../lib/browser.mjs'

export const name = 'a register is imported, decided, undone; people are found and merged; areas are taken in'

const VILLAGE = '330784105200'
const ID = '11010519491231002X'
const HEADER = '姓名,证件号码,手机号,村社区,户号'
const FIRST = `${HEADER}\n应采薇,${ID},13800138000,${VILLAGE},7\n应采薇,E12345678,13800138000,${VILLAGE},\n错一个,110105194912310021,12,火星,\n`
const SECOND = `${HEADER}\n应采薇,${ID},13900139000,${VILLAGE},7\n`

const file = (text, as = 'register.csv') => ({ name: as, mimeType: 'text/csv', buffer: Buffer.isBuffer(text) ? text : Buffer.from(text) })

async function figure(page, label) {
  const text = await page.locator('.figures').innerText()
  const found = new RegExp(`${label}[^0-9]*([0-9,]+)|([0-9,]+)[^0-9]*${label}`).exec(text.replaceAll('\n', ' '))
  return found ? Number((found[1] ?? found[2]).replaceAll(',', '')) : undefined
}

/** Uploads a file, starts it, waits until it is done. */
async function takeIn(page, text, look) {
  await page.goto('/desk/#/imports')
  await page.setInputFiles('input[type=file]', file(text))
  await page.waitForSelector('text=What each column holds')
  if (look) await look()
  await page.click('main .el-button--primary')
  await page.waitForSelector('.figures')
  await page.waitForFunction(() => ['done', 'stopped'].includes(document.querySelector('.page-head .status')?.textContent.trim()))
  await settled(page)
}

async function decideAndUndo(page, fault) {
  await takeIn(page, FIRST, async () => {
    await page.reload()
    await page.waitForSelector('text=What each column holds')
    for (const finding of await scan(page)) fault(`mapping: ${finding}`)
  })
  if ((await figure(page, 'Added')) !== 2) fault(`two people were to go in: ${await page.locator('.figures').innerText()}`)
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('a.download')])
  const sheet = readFileSync(await download.path(), 'utf8')
  if (!sheet.includes('错一个') || !sheet.includes('[document_check_digit]')) fault(`the sheet of bad rows: ${sheet}`)

  await takeIn(page, SECOND)
  await page.waitForSelector('.panel article.row')
  for (const finding of await scan(page)) fault(`parked: ${finding}`)
  await page.click('.every-update')
  await page.click('dialog[open] button.primary')
  await page.waitForFunction(() => !document.querySelector('.panel article.row'))
  const status = async () => page.evaluate(async () => {
    const id = location.hash.split('/').pop()
    return (await (await fetch(`/api/v1/people/imports/${id}`)).json()).state
  })
  await page.click('button:has-text("Undo the whole import")')
  await page.click('dialog[open] button.danger')
  await page.waitForFunction(() => /(?<!being )undone/.test(document.querySelector('.page-head')?.textContent ?? ''))
  if ((await status()) !== 'undone') fault(`after the undo the import is ${await status()}`)
}

/** Searches; answers how many there are. A code or document of one person opens the record at once. */
async function find(page, words) {
  // From another page, so that what was found before is gone.
  await page.goto('/desk/#/areas')
  await page.waitForSelector('main input[type=file]', { state: 'attached' })
  await page.goto('/desk/#/people')
  await page.waitForSelector('main .find input')
  await page.fill('main .find input', words)
  await page.waitForSelector('main [role=status], .merge-other')
  await settled(page)
  if (await page.locator('.merge-other').count()) return 1
  return page.locator('main .el-table__row').count()
}

async function findAndMerge(page, fault) {
  for (const words of ['应采薇', 'ycw', ID, '13800138000']) {
    if ((await find(page, words)) < 1) fault(`nobody was found by ${words}`)
  }
  await find(page, ID)
  await page.waitForSelector('.merge-other')
  await settled(page)
  for (const finding of await scan(page)) fault(`person: ${finding}`)
  const path = await page.evaluate(() => location.hash)
  // A card, and the person by its code.
  await page.click('button:has-text("Issue a card")')
  await page.fill('.el-dialog:visible input', 'no phone')
  await page.click('.el-dialog:visible button.el-button--primary')
  const shown = page.locator('.el-dialog:visible .code .mono')
  await shown.waitFor()
  const code = (await shown.innerText()).trim()
  if ((await find(page, code)) !== 1) fault(`the card's code ${code} does not lead to one person`)
  await page.goto(`/desk/${path}`)
  await page.waitForSelector('.merge-other')
  await page.click('.merge-other')
  await page.fill('input[name=other]', 'E12345678')
  await page.keyboard.press('Enter')
  await page.click('.el-table__row .choose')
  await page.locator('.el-dialog:visible').last().locator('input').fill('same person')
  await page.locator('.el-dialog:visible').last().locator('button.el-button--primary').click()
  await page.waitForSelector('text=Merged into this record')
  await page.click('button:visible:has-text("Undo the merge")')
  await page.locator('.el-dialog:visible').last().locator('input').fill('two persons')
  await page.locator('.el-dialog:visible').last().locator('button.el-button--primary').click()
  await page.waitForFunction(() => !document.body.innerText.includes('Merged into this record'))
}

/** `code,name` of a new village, 新村, in the encoding of Chinese offices. */
const GB18030 = Buffer.from([...Buffer.from('code,name\n330784105998,'), 0xd0, 0xc2, 0xb4, 0xe5, 0x0a])

async function takeAreas(page, fault) {
  await page.goto('/desk/#/areas')
  await page.waitForSelector('main input[type=file]', { state: 'attached' })
  await page.setInputFiles('main input[type=file]', file('code,name,parent\n330784105997,x,330784106\n', 'areas.csv'))
  const refused = await page.waitForSelector('main [role=alert]')
  if (!(await refused.innerText()).includes('line 2: parent_differs')) fault(`the refusal names no line: ${await refused.innerText()}`)
  await page.setInputFiles('main input[type=file]', file(GB18030, 'areas.csv'))
  await page.waitForSelector('text=1 added')
  const areas = await page.evaluate(async () => (await (await fetch('/api/v1/areas')).json()))
  const list = areas.rows ?? areas
  const made = list.find((area) => area.code === '330784105998')
  if (made?.name !== '新村') fault(`the name came out as ${made?.name}`)
}

export async function run({ browser, server, fault }) {
  const options = { width: 1440, height: 900, lang: 'en', role: 'administrator', demo: server.demo }
  const { page, context, problems } = await openPage(browser, server.base, options)
  try {
    await decideAndUndo(page, fault)
    await findAndMerge(page, fault)
    await takeAreas(page, fault)
  } finally {
    await context.close()
  }
  // A list that was refused is an answer, not a fault.
  for (const problem of problems.filter((line) => !/status of 422/.test(line))) fault(problem)
}
