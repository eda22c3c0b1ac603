// Completion as colour: one hue, lighter is more. The figure always stands beside it.
import { share } from '@allclear/kit'

export interface Step {
  from: number
  fill: string
  ink: string
}

export const STEPS: readonly Step[] = [
  { from: 0, fill: '#15303c', ink: '#eaf4f5' },
  { from: 0.2, fill: '#17505a', ink: '#f2fafa' },
  { from: 0.4, fill: '#1a716f', ink: '#ffffff' },
  { from: 0.6, fill: '#2b9a88', ink: '#04151a' },
  { from: 0.8, fill: '#5cc9aa', ink: '#04151a' },
  { from: 0.95, fill: '#b4f1d6', ink: '#04151a' },
]

export function stepOf(numerator: number, denominator: number): Step {
  const value = share(numerator, denominator)
  return STEPS.findLast((step) => value >= step.from) ?? (STEPS[0] as Step)
}

export type AgeTone = 'good' | 'warn' | 'bad'

/** How an age stands against its limit: calm below three quarters of it, late at the limit. */
export function ageTone(ageMinutes: number, limitMinutes: number | null | undefined): AgeTone {
  if (!limitMinutes) return 'good'
  const used = ageMinutes / limitMinutes
  return used >= 1 ? 'bad' : used >= 0.75 ? 'warn' : 'good'
}
