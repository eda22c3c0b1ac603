import { describe, expect, it } from 'vitest'
import { clock, dateAndTime, percent, share } from './format'
import { langOf } from './i18n'

describe('percent', () => {
  it.each([
    [0, 10, '0.0%'],
    [1, 3, '33.3%'],
    [9999, 10000, '99.9%'],
    [99999, 100000, '99.9%'],
    [100000, 100000, '100.0%'],
    [11, 10, '100.0%'],
    [1, 0, '–'],
  ])('%i of %i is %s: never 100 while anyone is missing, never above', (n, d, shown) => {
    expect(percent(n, d)).toBe(shown)
  })
  it('keeps a share between 0 and 1', () => expect([share(3, 2), share(1, 0)]).toEqual([1, 0]))
})

describe('times', () => {
  it('are shown on the clock of the city', () => {
    expect(dateAndTime('2022-01-05T11:00:00Z')).toBe('2022-01-05 19:00')
    expect(clock('2022-01-05T11:00:00Z', 'en')).toBe('19:00')
  })
})

describe('language', () => {
  const at = (search: string, hash = '') => ({ search, hash })
  it.each([
    [at('?lang=en'), 'zh-CN', 'zh-CN', 'en'],
    [at('', '#/x?lang=zh'), 'en', 'en-GB', 'zh-CN'],
    [at(''), 'en', 'zh-CN', 'en'],
    [at(''), null, 'en-US', 'en'],
    [at(''), null, 'fr', 'zh-CN'],
  ] as const)('%j, stored %s, browser %s: %s', (location, stored, browser, lang) => {
    expect(langOf(location, stored, browser)).toBe(lang)
  })
})
