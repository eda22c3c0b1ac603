// How much a phone fetches before the field app can be used: counted at every build, and bounded.
import { gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'

const PAGE = 'field/index.html'
/** Bytes, compressed as the server sends them: a second on a slow phone network (1.6 Mbit/s). */
const FIRST_USE_MAX = 160 * 1024

/** What a page asks for by itself: its scripts, what they need at once, its styles. */
const linked = (html: string) => [...html.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map(([, name]) => name ?? '')

/** Fails the build when the page and what it links are larger than `FIRST_USE_MAX`. The reader of camera frames comes later. */
export function sizeBudget(): Plugin {
  return {
    name: 'allclear-size-budget',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const body = (name: string) => {
          const file = bundle[name]
          if (file === undefined) return this.error(`${PAGE} links ${name}, which is not in the build`)
          return Buffer.from(file.type === 'chunk' ? file.code : file.source)
        }
        const page = body(PAGE)
        const files = [PAGE, ...linked(page.toString())]
        if (files.length < 3) this.error(`${PAGE} links no scripts`)
        const bytes = files.reduce((sum, name) => sum + gzipSync(body(name)).length, 0)
        const said = `field app to first use: ${(bytes / 1024).toFixed(1)} KiB of at most ${FIRST_USE_MAX / 1024} KiB, compressed, ${files.length} files`
        if (bytes > FIRST_USE_MAX) this.error(said)
        console.log(said)
      },
    },
  }
}
