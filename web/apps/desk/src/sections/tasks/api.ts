// The calls of this section, by name, so that pages hold no addresses.
import type { Schemas } from '@allclear/contract'
import type { Http } from '@allclear/kit'

export type Task = Schemas['Task']
export type TaskCount = Schemas['TaskCount']
export type TasksPage = { rows: Task[]; next?: string | null }
export const KINDS = ['case', 'recheck', 'resample'] as const
export type Kind = (typeof KINDS)[number]
export type Show = 'open' | 'late' | 'closed'
export type Outcome = 'coming' | 'not_reached' | 'refused' | 'unreachable' | 'handed_over'

/** What may be tapped: a case is handed over, everybody else may be out of reach. */
export const outcomesOf = (kind: string): readonly Outcome[] =>
  kind === 'case' ? ['coming', 'not_reached', 'refused', 'handed_over'] : ['coming', 'not_reached', 'refused', 'unreachable']
/** These need a sentence: what was tried, who took over. */
export const NEEDS_NOTE: readonly Outcome[] = ['refused', 'unreachable', 'handed_over']

export const tasksApi = (http: Http) => ({
  list: (area: string, kind: Kind | '', show: Show, own: boolean, after = '') =>
    http.get('/tasks', { query: { area, kind, show, own, after, limit: 50 } }),
  counts: (area: string) => http.get('/tasks/counts', { query: { area } }),
  take: (id: string) => http.post('/tasks/{id}/take', { path: { id } }),
  call: (id: string) => http.post('/tasks/{id}/call', { path: { id } }),
  note: (id: string, outcome: Outcome, note: string) =>
    http.post('/tasks/{id}/outcome', { path: { id }, body: { outcome, note } }),
})
