import { expect, test } from 'vitest'
import { news } from './clocks'

test('an alert sounds once, and again only when it gets worse', () => {
  const memory = new Set<string>()
  const warn = { tube: 'T1', level: 'warn' }
  expect(news([warn], memory)).toEqual([warn])
  expect(news([warn], memory)).toEqual([])
  const breach = { tube: 'T1', level: 'breach' }
  expect(news([breach], memory)).toEqual([breach])
  expect(news([breach, { tube: 'T2', level: 'warn' }], memory)).toEqual([{ tube: 'T2', level: 'warn' }])
})
