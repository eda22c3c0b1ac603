// Keyboard-wedge scanners type a code in a burst and end it with Enter. Works on every page where no
// text field has the focus.
import { onScopeDispose } from 'vue'

/** People do not type this fast; scanners do. */
const BURST_MS = 60

/** Collects keys into a scan. Pure, for tests. */
export function burst() {
  let text = ''
  let last = 0
  return (key: string, now: number): string | undefined => {
    if (now - last > BURST_MS) text = ''
    last = now
    if (key === 'Enter' || key === 'Tab') {
      const scan = text
      text = ''
      return scan.length >= 6 ? scan : undefined
    }
    if (key.length === 1) text += key
    return undefined
  }
}

export function useWedge(onText: (text: string) => void): void {
  const collect = burst()
  const heard = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement | null
    if (target && (target.tagName === 'INPUT' || target.tagName === 'TEXTAREA')) return
    const scan = collect(event.key, performance.now())
    if (scan === undefined) return
    // The Enter of a scanner must not press the button that happens to have the focus.
    event.preventDefault()
    event.stopPropagation()
    onText(scan)
  }
  window.addEventListener('keydown', heard, { capture: true })
  onScopeDispose(() => window.removeEventListener('keydown', heard, { capture: true }))
}
