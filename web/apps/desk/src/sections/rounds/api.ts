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
  list: async () => (await http.get<{ rows: Round[] }>('/rounds')).rows,
  show: (id: string) => http.get<RoundDetail>(`/rounds/${id}`),
  preview: (order: RoundOrder) => http.post<RoundPreview>('/rounds/preview', order),
  create: (order: RoundOrder) => http.post<{ id: string }>('/rounds', order),
  change: (id: string, order: RoundOrder) => http.put(`/rounds/${id}`, order),
  order: (id: string, event: RoundEvent, reason: string | null) => http.post(`/rounds/${id}/events`, { event, reason }),
  exemptions: async (area: string) => (await http.get<{ rows: Exemption[] }>('/exemptions', { area })).rows,
  exempt: (body: Schemas['NewExemption']) => http.post<{ id: string }>('/exemptions', body),
  endExemption: (id: string) => http.delete(`/exemptions/${id}`),
  plan: (area: string, prevalence: number, perHour: number) =>
    http.get<AreaPlan>('/planner', { area, prevalence, tubes_per_hour: perHour }),
})

export const TUBE_KINDS = ['single', 'pool5', 'pool10', 'pool20', 'household'] as const
export const GROUPS = ['infant', 'child', 'elder_without_phone', 'key_occupation'] as const
export const REASONS = ['medical', 'quarantined', 'vaccinated', 'away', 'deceased', 'other'] as const
export const TONES = { draft: 'idle', open: 'good', closing: 'warn', closed: 'info' } as const
