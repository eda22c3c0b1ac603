// The calls of this section, by name, so that pages hold no addresses.
import type { Schemas } from '@allclear/contract'
import type { Http } from '@allclear/kit'

export type MissingPerson = Schemas['MissingPerson']
export type MissingArea = Schemas['MissingArea']
export type Outcome = Schemas['MissingOutcome']
export type Show = 'to_call' | 'called' | 'all'
export type ListPage = { rows: MissingPerson[]; total?: number | null; next?: string | null }

export const missingApi = (http: Http) => ({
  rounds: async () => (await http.get<{ rows: Schemas['Round'][] }>('/rounds')).rows.filter((round) => round.state !== 'draft'),
  list: (round: string, area: string, show: Show, after = '') =>
    http.get<ListPage>(`/rounds/${round}/missing`, { area, show, after, limit: 50 }),
  areas: (round: string, area: string) => http.get<MissingArea[]>(`/rounds/${round}/missing/areas`, { area }),
  call: (round: string, person: number) => http.post<Schemas['MissingContact']>(`/rounds/${round}/missing/${person}/call`),
  note: (round: string, person: number, outcome: Outcome, note: string, reason: string | null) =>
    http.post(`/rounds/${round}/missing/${person}/outcome`, { outcome, note, reason }),
  /** A file with names and phones in clear. */
  file: async (round: string, area: string, format: 'csv' | 'xlsx', reason: string) =>
    (await http.send('POST', `/rounds/${round}/missing/export`, { body: { area, format, reason } })).blob(),
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
