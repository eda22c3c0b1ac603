// Numbers and times as people read them. The city's clock is Beijing time wherever the viewer sits.
import type { Lang } from './i18n'

const ZONE = 'Asia/Shanghai'

export function count(value: number | null | undefined, lang: Lang): string {
  return value === null || value === undefined ? '–' : new Intl.NumberFormat(lang).format(value)
}

/** `0` to `100` with one decimal. Never rounds up to 100 while anyone is missing. */
export function percent(numerator: number, denominator: number): string {
  if (denominator <= 0) return '–'
  const exact = (100 * numerator) / denominator
  const shown = numerator < denominator ? Math.min(exact, 99.9) : Math.min(exact, 100)
  return `${shown.toFixed(1)}%`
}

export function share(numerator: number, denominator: number): number {
  return denominator <= 0 ? 0 : Math.min(1, numerator / denominator)
}

function parts(at: string | Date, options: Intl.DateTimeFormatOptions, lang: Lang): string {
  const date = typeof at === 'string' ? new Date(at) : at
  return Number.isNaN(date.getTime()) ? '–' : new Intl.DateTimeFormat(lang, { timeZone: ZONE, ...options }).format(date)
}

/** 14:05 */
export function clock(at: string | Date | null | undefined, lang: Lang): string {
  return at ? parts(at, { hour: '2-digit', minute: '2-digit', hour12: false }, lang) : '–'
}

/** 14:05:09 */
export function clockWithSeconds(at: string | Date | null | undefined, lang: Lang): string {
  return at ? parts(at, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false }, lang) : '–'
}

/** 1月6日 15:00, or 6 Jan, 15:00 */
export function dayAndTime(at: string | Date | null | undefined, lang: Lang): string {
  if (!at) return '–'
  return parts(at, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false }, lang)
}

/** 2022-01-06 15:00 */
export function dateAndTime(at: string | Date | null | undefined): string {
  if (!at) return '–'
  const full: Intl.DateTimeFormatOptions = {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  }
  return parts(at, full, 'zh-CN').replace(/\//g, '-')
}

/** A span in the largest unit that says enough: seconds to a minute and a half, minutes to two hours, hours to two days. */
export function span(seconds: number, t: (key: string, named: { n: string }) => string): string {
  const s = Math.max(0, Math.round(seconds))
  if (s < 90) return t('kit.live.seconds', { n: String(s) })
  if (s < 7200) return t('kit.live.minutes', { n: String(Math.round(s / 60)) })
  if (s >= 48 * 3600) return t('kit.live.days', { n: (s / 86_400).toFixed(0) })
  return t('kit.live.hours', { n: (s / 3600).toFixed(1).replace(/\.0$/, '') })
}
