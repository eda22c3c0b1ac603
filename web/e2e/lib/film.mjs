// A film for the fake camera: real Code 128 and QR images, one after the other, as raw Y4M frames.
import { closeSync, openSync, renameSync, writeSync } from 'node:fs'
import { encode } from 'uqr'

const WIDTH = 640
const HEIGHT = 480
const FPS = 5
/** Camera noise and a room that is not white, so that the reader has something to do. */
const PAPER = 232
const ROOM = 96
const INK = 24

// Widths of bars and spaces of Code 128, values 0 to 106 (ISO/IEC 15417).
const CODE128 = (
  '212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 ' +
  '123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 ' +
  '232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 ' +
  '313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 ' +
  '111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 ' +
  '111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 ' +
  '114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112'
).split(' ')

/** Bars (true) of a text in code set B, quiet zones included. */
export function code128(text) {
  const values = [104, ...[...text].map((c) => c.charCodeAt(0) - 32)]
  const check = values.reduce((sum, value, i) => sum + value * Math.max(1, i), 0) % 103
  const bars = Array(10).fill(false)
  for (const value of [...values, check, 106]) {
    ;[...(CODE128[value] ?? '')].forEach((width, i) => bars.push(...Array(Number(width)).fill(i % 2 === 0)))
  }
  return [...bars, ...Array(10).fill(false)]
}

/** A grey picture of one shot: `{ bar: text }`, `{ near: text }` held so close that nobody can read it, `{ qr: text }`, `{ luma }` of a picture taken before, or `{}` for an empty table. */
function picture(shot) {
  if ('luma' in shot) return shot.luma
  const luma = new Uint8Array(WIDTH * HEIGHT)
  let seed = 7
  for (let i = 0; i < luma.length; i += 1) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    luma[i] = ROOM + ((seed >>> 16) & 15)
  }
  const fill = (x0, y0, w, h, value) => {
    const [from, to] = [Math.max(0, x0), Math.min(WIDTH, x0 + w)]
    if (from < to) for (let y = y0; y < y0 + h; y += 1) luma.fill(value, y * WIDTH + from, y * WIDTH + to)
  }
  if ('bar' in shot || 'near' in shot) {
    const bars = code128(shot.bar ?? shot.near)
    const unit = 'near' in shot ? 9 : Math.floor((WIDTH - 40) / bars.length)
    const left = Math.floor((WIDTH - bars.length * unit) / 2)
    fill(left, 140, bars.length * unit, 200, PAPER)
    bars.forEach((dark, i) => dark && fill(left + i * unit, 160, unit, 160, INK))
  } else if ('qr' in shot) {
    const { size, data } = encode(shot.qr, { ecc: 'M', border: 4 })
    const unit = Math.floor((HEIGHT - 40) / size)
    const [left, top] = [Math.floor((WIDTH - size * unit) / 2), Math.floor((HEIGHT - size * unit) / 2)]
    fill(left, top, size * unit, size * unit, PAPER)
    data.forEach((row, y) => row.forEach((dark, x) => dark && fill(left + x * unit, top + y * unit, unit, unit, INK)))
  }
  return luma
}

/** What a camera sees of a screenshot: `page` only lends its picture decoder. */
export async function photographed(page, png) {
  const grey = await page.evaluate(
    async ([url, width, height]) => {
      const image = new Image()
      image.src = url
      await image.decode()
      const canvas = Object.assign(document.createElement('canvas'), { width, height })
      const context = canvas.getContext('2d')
      context.fillStyle = '#808080'
      context.fillRect(0, 0, width, height)
      const scale = Math.min(width / image.width, height / image.height) * 0.9
      const [w, h] = [image.width * scale, image.height * scale]
      context.drawImage(image, (width - w) / 2, (height - h) / 2, w, h)
      const { data } = context.getImageData(0, 0, width, height)
      return Array.from({ length: width * height }, (_, i) => Math.round((data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 3))
    },
    [`data:image/png;base64,${png.toString('base64')}`, WIDTH, HEIGHT],
  )
  return { luma: Uint8Array.from(grey) }
}

/**
 * Writes a film in which each shot lasts `seconds`, with an empty table between them. A film may take the place of
 * another: a camera that runs plays the old one to its end, the next that is opened plays this one.
 */
export function writeFilm(path, shots, seconds = 1.6) {
  const cut = `${path}.cut`
  const file = openSync(cut, 'w')
  const chroma = new Uint8Array((WIDTH * HEIGHT) / 2).fill(128)
  writeSync(file, `YUV4MPEG2 W${WIDTH} H${HEIGHT} F${FPS}:1 Ip A1:1 C420jpeg\n`)
  const shoot = (shot, frames) => {
    const luma = picture(shot)
    for (let i = 0; i < frames; i += 1) {
      writeSync(file, 'FRAME\n')
      writeSync(file, luma)
      writeSync(file, chroma)
    }
  }
  for (const shot of shots) {
    shoot(shot, Math.round(seconds * FPS))
    shoot({}, 3)
  }
  closeSync(file)
  renameSync(cut, path)
}
