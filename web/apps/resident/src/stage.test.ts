import { describe, expect, it } from 'vitest'
import { spoken, stepOf, verdictOf, type Test } from './stage'

const test = (stage: Test['stage'], result?: string): Test => ({
  round_name: 'r',
  site_name: 's',
  collected_at: '2022-01-05T11:00:00Z',
  stage,
  result: result ?? null,
})

describe('what a test means to the person who waits', () => {
  it.each([
    ['at_site', undefined, 'waiting', 1],
    ['on_run', undefined, 'waiting', 4],
    ['released', 'negative', 'negative', 6],
    ['released', 'invalid', 'no_result', 6],
    ['under_recheck', undefined, 'under_recheck', 0],
    ['resample', undefined, 'resample', 0],
  ] as const)('%s with result %s is %s, step %i', (stage, result, verdict, step) => {
    expect(verdictOf(test(stage, result))).toBe(verdict)
    expect(stepOf(test(stage, result))).toBe(step)
  })
  it.each(['positive', 'inconclusive', 'something new'])('never shows %s: a person tells it', (result) => {
    expect(verdictOf(test('released', result))).toBe('contact')
  })
  it('is none before the first test', () => expect(verdictOf(undefined)).toBe('none'))
})

describe('a code read aloud', () => {
  it.each([
    ['ABCD', 'ABCD'],
    ['ABCDE', 'ABCD E'],
    ['ABCDEFGH', 'ABCD EFGH'],
  ])('%s is spoken as %s', (code, groups) => expect(spoken(code)).toBe(groups))
})
