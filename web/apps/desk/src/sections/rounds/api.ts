// The calls of this section, by name, so that pages hold no addresses.
import type { Schemas } from '@allclear/contract'
import type { Http } from '@allclear/kit'

export type Round = Schemas['Round']
export type RoundDetail = Schemas['RoundDetail']
export type RoundOrder = Schemas['RoundOrder']
export type RoundPreview = Schemas['RoundPreview']
export type RoundEvent = Schemas['RoundEvent']
export type Exemption = Schemas['Exemption']
export type AreaPlan = Schemas['Plan']

export const roundsApi = (http: Http) => ({
  list: async () => (await http.get('/rounds')).rows,
  show: (id: string) => http.get('/rounds/{id}', { path: { id } }),
  preview: (body: RoundOrder) => http.post('/rounds/preview', { body }),
  create: (body: RoundOrder) => http.post('/rounds', { body }),
  change: (id: string, body: RoundOrder) => http.put('/rounds/{id}', { path: { id }, body }),
  order: (id: string, event: RoundEvent, reason: string | null) =>
    http.post('/rounds/{id}/events', { path: { id }, body: { event, reason } }),
  exemptions: async (area: string) => (await http.get('/exemptions', { query: { area } })).rows,
  exempt: (body: Schemas['NewExemption']) => http.post('/exemptions', { body }),
  endExemption: (id: string) => http.delete('/exemptions/{id}', { path: { id } }),
  plan: (area: string, prevalence: number, perHour: number) =>
    http.get('/planner', { query: { area, prevalence, tubes_per_hour: perHour } }),
})

export const TUBE_KINDS = ['single', 'pool5', 'pool10', 'pool20', 'household'] as const
export const GROUPS = ['infant', 'child', 'elder_without_phone', 'key_occupation'] as const
export const REASONS = ['medical', 'quarantined', 'vaccinated', 'away', 'deceased', 'other'] as const
export const TONES = { draft: 'idle', open: 'good', closing: 'warn', closed: 'info' } as const
