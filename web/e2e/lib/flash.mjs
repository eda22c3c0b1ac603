// The whole-screen flash of the field app. One stays for less than a second, so a test that looks for it
// on a busy machine comes too late: each is noted when it opens, and a test reads the notes.

/** Notes every flash on every page of the context; call it before a page is opened. */
export function noteFlashes(context) {
  return context.addInitScript(() => {
    window.flashes = []
    let last
    new MutationObserver(() => {
      const flash = document.querySelector('.flash')
      if (!flash || flash === last) return
      last = flash
      window.flashes.push({ kinds: flash.className, words: flash.textContent })
    }).observe(document, { childList: true, subtree: true })
  })
}

/** Taps away whatever flash stands, and waits until none does. */
export function dismiss(page) {
  return page.waitForFunction(() => {
    const screen = document.querySelector('dialog.screen')
    if (screen?.open) screen.click()
    return !document.querySelector('.flash')
  })
}

/** The words of the next flash of this kind, or with this word, that no earlier call told of; it is tapped away. */
export async function nextFlash(page, { kind = '', word = '' }) {
  const found = await page.waitForFunction(
    ([kind, word]) => {
      const at = window.flashes.findIndex((one) => one.words.includes(word) && (kind === '' || one.kinds.split(' ').includes(kind)))
      return at >= 0 && window.flashes.splice(0, at + 1).at(-1).words
    },
    [kind, word],
  )
  const words = await found.jsonValue()
  await dismiss(page)
  return words
}
