import type { BrowserContext, Page } from 'playwright-core'
/** Notes every flash on every page of the context; call it before a page is opened. */
export function noteFlashes(context: BrowserContext): Promise<void>
/** Taps away whatever flash stands, and waits until none does. */
export function dismiss(page: Page): Promise<unknown>
/** The words of the next flash of this kind, or with this word, that no earlier call told of; it is tapped away. */
export function nextFlash(page: Page, which: { kind?: string; word?: string }): Promise<string>
