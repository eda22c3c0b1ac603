// Reads codes out of camera frames, off the main thread. The wasm comes from our own origin.
import { prepareZXingModule, readBarcodes } from 'zxing-wasm/reader'
import wasmUrl from 'zxing-wasm/reader/zxing_reader.wasm?url'

prepareZXingModule({ overrides: { locateFile: () => wasmUrl } })

export interface Frame {
  image: ImageData
}
export type Read = { texts: string[] }

self.onmessage = async (event: MessageEvent<Frame>) => {
  let texts: string[] = []
  try {
    const results = await readBarcodes(event.data.image, {
      formats: ['QRCode', 'Code128', 'Code39', 'EAN13', 'ITF', 'DataMatrix'],
      tryHarder: true,
      tryRotate: true,
      tryInvert: false,
      maxNumberOfSymbols: 4,
    })
    texts = results.filter((result) => result.isValid && result.text !== '').map((result) => result.text)
  } catch {
    // An unreadable frame is a frame without a code.
  }
  self.postMessage({ texts } satisfies Read)
}
