// What a test means to the person who waits for it.
import type { Schemas } from '@allclear/contract'

export type Test = Schemas['ResidentTest']

export const STEPS = ['at_site', 'in_transit', 'received', 'on_run', 'awaiting_release', 'released'] as const

export type Verdict = 'none' | 'waiting' | 'negative' | 'under_recheck' | 'resample' | 'contact' | 'no_result'

/** A page never tells anyone that they are positive: a person does. */
export function verdictOf(test: Test | null | undefined): Verdict {
  if (!test) return 'none'
  if (test.stage === 'under_recheck' || test.stage === 'resample') return test.stage
  if (test.stage !== 'released') return 'waiting'
  if (test.result === 'negative') return 'negative'
  return test.result === 'invalid' || !test.result ? 'no_result' : 'contact'
}

/** Steps done, from 1 to all six; 0 for what stands outside the row of steps. */
export function stepOf(test: Test): number {
  return STEPS.indexOf(test.stage as (typeof STEPS)[number]) + 1
}

/** Groups of four: a code that is read aloud over a counter. */
export function spoken(code: string): string {
  return code.replace(/(.{4})(?=.)/g, '$1 ')
}
