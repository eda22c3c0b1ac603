// Two languages, kept in step by the type checker: a page's English messages have the shape of its
// Chinese ones. The choice comes from `?lang=`, then from what was chosen last, then from the browser.
import type { App, InjectionKey } from 'vue'
import { inject } from 'vue'
import { createI18n } from 'vue-i18n'
import { kitMessages } from './messages'

export type Lang = 'zh-CN' | 'en'

/** Messages of one page or section. Chinese comes first; English has the same keys. */
export interface Messages {
  [key: string]: string | Messages
}
export interface MessageSet {
  zh: Messages
  en: Messages
}
type Shape<T> = { [K in keyof T]: T[K] extends string ? string : Shape<T[K]> }

/** Checks at compile time that both languages have the same keys. */
export function defineMessages<const T extends Messages>(set: { zh: T; en: Shape<T> }): MessageSet {
  return set as MessageSet
}

const STORED = 'allclear.lang'

export function parseLang(value: string | null | undefined): Lang | undefined {
  if (!value) return undefined
  if (/^zh/i.test(value)) return 'zh-CN'
  if (/^en/i.test(value)) return 'en'
  return undefined
}

/** `?lang=` may stand before or inside the hash. */
export function langOf(location: { search: string; hash: string }, stored: string | null, browser: string): Lang {
  const inHash = location.hash.includes('?') ? location.hash.slice(location.hash.indexOf('?')) : ''
  return (
    parseLang(new URLSearchParams(location.search).get('lang')) ??
    parseLang(new URLSearchParams(inHash).get('lang')) ??
    parseLang(stored) ??
    parseLang(browser) ??
    'zh-CN'
  )
}

function readStored(): string | null {
  try {
    return localStorage.getItem(STORED)
  } catch {
    return null
  }
}

/** A browser that names neither language gets Chinese. */
export function initialLang(): Lang {
  const lang = langOf(window.location, readStored(), navigator.language)
  remember(lang)
  return lang
}

function remember(lang: Lang) {
  document.documentElement.lang = lang
  try {
    localStorage.setItem(STORED, lang)
  } catch {
    // Private windows may refuse storage; the choice then lives as long as the page.
  }
}

export interface Language {
  /** The language in use. Reactive. */
  current(): Lang
  set(lang: Lang): void
}

const LANGUAGE: InjectionKey<Language> = Symbol('language')

/**
 * Sets vue-i18n up with the kit's messages (under `kit`) and the app's own, each set under its name:
 * `install(app, { landing: messages })` gives `t('landing.title')`.
 */
export function installI18n(app: App, sets: Record<string, MessageSet>, title?: string) {
  const zh: Messages = { kit: kitMessages.zh }
  const en: Messages = { kit: kitMessages.en as Messages }
  for (const [name, set] of Object.entries(sets)) {
    zh[name] = set.zh
    en[name] = set.en
  }
  const i18n = createI18n({
    legacy: false,
    locale: initialLang(),
    fallbackLocale: 'zh-CN',
    messages: { 'zh-CN': zh, en },
    missingWarn: true,
  })
  const composer = i18n.global
  const applyTitle = () => {
    if (title) document.title = `${composer.t(title)} · ${composer.t('kit.product')}`
  }
  applyTitle()
  app.provide(LANGUAGE, {
    current: () => composer.locale.value as Lang,
    set(lang) {
      composer.locale.value = lang
      remember(lang)
      applyTitle()
    },
  })
  app.use(i18n)
  return i18n
}

export function useLanguage(): Language {
  const language = inject(LANGUAGE)
  if (!language) throw new Error('installI18n was not called')
  return language
}
