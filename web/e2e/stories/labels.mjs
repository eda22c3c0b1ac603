// What is printed is read by the reader that the field app carries: sheets from the binary and from the desk, as pages
// of a printer, through zxing. zbar and rqrr read the same sheets in the tests beside the drawing.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'
import { openPage } from '../lib/browser.mjs'
import { box, tube } from '../lib/labels.mjs'
import { binary } from '../lib/server.mjs'

export const name = 'tube, box and card sheets are read back by zxing'

const wasm = readFileSync(createRequire(import.meta.url).resolve('zxing-wasm/reader/zxing_reader.wasm'))
prepareZXingModule({ overrides: { wasmBinary: wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength) } })

/** Every code of a PDF: `[format, text]`. */
async function read(pdf, folder, stem) {
  execFileSync('pdftoppm', ['-r', '300', '-gray', '-png', pdf, join(folder, stem)])
  const found = []
  for (const file of readdirSync(folder).filter((entry) => entry.startsWith(`${stem}-`) && entry.endsWith('.png')).sort()) {
    const results = await readBarcodes(new Uint8Array(readFileSync(join(folder, file))), {
      formats: ['Code128', 'QRCode'],
      tryHarder: true,
      maxNumberOfSymbols: 255,
    })
    for (const result of results.filter((one) => one.isValid)) found.push([result.format, result.text])
  }
  return found
}

export async function run({ browser, server, fault }) {
  const folder = mkdtempSync(join(tmpdir(), 'allclear-labels-'))
  const compare = (what, found, format, expected) => {
    const texts = new Set(found.filter(([kind]) => kind === format).map(([, text]) => text))
    const lost = expected.filter((code) => !texts.has(code))
    if (lost.length > 0) fault(`${what}: ${lost.length} of ${expected.length} ${format} codes are not read, e.g. ${lost[0]}`)
    const strange = [...texts].filter((text) => !expected.includes(text))
    if (strange.length > 0) fault(`${what}: ${format} reads what was not printed: ${strange[0]}`)
  }
  try {
    const sheet = (kind, from, count) => {
      const out = join(folder, `${kind}.pdf`)
      execFileSync(binary(), ['labels', '--kind', kind, '--from', String(from), '--count', String(count), '--out', out])
      return out
    }
    const serials = (from, count, code) => Array.from({ length: count }, (_, i) => code(from + i))
    compare('tubes', await read(sheet('tube', 900, 96), folder, 'tube'), 'Code128', serials(900, 96, tube))
    const boxes = await read(sheet('box', 70, 8), folder, 'box')
    compare('boxes', boxes, 'Code128', serials(70, 8, box))
    compare('boxes', boxes, 'QRCode', serials(70, 8, box))

    // Cards come from the desk: a household's, as headquarters prints them.
    const { page, context, problems } = await openPage(browser, server.base, {
      width: 1440,
      height: 900,
      lang: 'zh-CN',
      role: 'headquarters',
      demo: server.demo,
    })
    await page.goto('/desk/#/labels')
    await page.waitForSelector('.cards')
    const resident = server.demo.residents?.[0]
    await page.click('.cards .el-radio-button:nth-child(3)')
    await page.fill('.cards .search input', resident.code)
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => /1/.test(document.querySelector('.cards .search span')?.textContent ?? ''))
    await page.fill('.cards > .el-input input', '社区发放')
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('.cards > button')])
    const pdf = join(folder, 'card.pdf')
    writeFileSync(pdf, readFileSync(await download.path()))
    compare('cards', await read(pdf, folder, 'card'), 'QRCode', [resident.code])
    for (const problem of problems) fault(problem)
    await context.close()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
