// The calls of this section, by name, so that pages hold no addresses.
import type { Schemas } from '@allclear/contract'
import type { Http } from '@allclear/kit'

export type MissingPerson = Schemas['MissingPerson']
export type MissingArea = Schemas['MissingArea']
export type Outcome = Schemas['MissingOutcome']
export type Show = 'to_call' | 'called' | 'all'
export type ListPage = { rows: MissingPerson[]; total?: number | null; next?: string | null }

export const missingApi = (http: Http) => ({
  rounds: async () => (await http.get('/rounds')).rows.filter((round) => round.state !== 'draft'),
  list: (id: string, area: string, show: Show, after = '') =>
    http.get('/rounds/{id}/missing', { path: { id }, query: { area, show, after, limit: 50 } }),
  areas: (id: string, area: string) => http.get('/rounds/{id}/missing/areas', { path: { id }, query: { area } }),
  call: (id: string, person: number) => http.post('/rounds/{id}/missing/{person}/call', { path: { id, person } }),
  note: (id: string, person: number, outcome: Outcome, note: string, reason: string | null) =>
    http.post('/rounds/{id}/missing/{person}/outcome', { path: { id, person }, body: { outcome, note, reason } }),
  /** A file with names and phones in clear. */
  file: (id: string, area: string, format: 'csv' | 'xlsx', reason: string) =>
    http.file('post', '/rounds/{id}/missing/export', { path: { id }, body: { area, format, reason } }),
})

export const OUTCOMES: readonly Outcome[] = ['coming', 'sampled_elsewhere', 'exempt', 'moved_away', 'not_reached', 'refused']
/** Why somebody is exempt. */
export const REASONS = ['medical', 'quarantined', 'vaccinated', 'away', 'deceased', 'other'] as const
/** Whoever says one of these is not expected any more and leaves the list. */
export const LEAVES: readonly Outcome[] = ['sampled_elsewhere', 'exempt', 'moved_away']
export const TONES = {
  coming: 'good',
  sampled_elsewhere: 'info',
  exempt: 'info',
  moved_away: 'idle',
  not_reached: 'warn',
  refused: 'bad',
} as const
