import { expect, it } from 'vitest'
import { novelty } from './camera'
import { burst } from './wedge'

it('takes a code once while it stays in view, and again after it was away', () => {
  const fresh = novelty()
  expect(fresh(['T1'], 1000)).toBe('T1')
  for (let now = 1100; now < 6000; now += 100) expect(fresh(['T1'], now)).toBeUndefined()
  expect(fresh([], 6100)).toBeUndefined()
  expect(fresh(['T1'], 8000)).toBe('T1')
})

it('does not take a code for new because nobody looked for a while', () => {
  const fresh = novelty()
  // The camera of the sheet reads the tube to which somebody is moved; then the camera of the page looks again.
  expect(fresh(['T2'], 1000)).toBe('T2')
  for (let now = 9000; now < 12_000; now += 100) expect(fresh(['T2'], now)).toBeUndefined()
  expect(fresh([], 12_000)).toBeUndefined()
  expect(fresh([], 13_600)).toBeUndefined()
  expect(fresh(['T2'], 13_700)).toBe('T2')
})

it('keeps two codes in one picture apart, so that each is seen and heard', () => {
  const fresh = novelty()
  expect(fresh(['T1', 'P1'], 1000)).toBe('T1')
  expect(fresh(['T1', 'P1'], 1200)).toBeUndefined()
  expect(fresh(['T1', 'P1'], 1600)).toBe('P1')
})

it('hears a scanner, and not a person who types', () => {
  const collect = burst()
  let now = 0
  const keys = (text: string, pause: number) => [...text].map((key) => collect(key, (now += pause)))
  keys('T0000000422', 5)
  expect(collect('Enter', (now += 5))).toBe('T0000000422')
  keys('T0000000422', 200)
  expect(collect('Enter', (now += 200))).toBeUndefined()
  keys('T1', 5)
  expect(collect('Enter', (now += 5))).toBeUndefined()
})
