// The calls of this section, by name, so that pages hold no addresses.
import type { Schemas } from '@allclear/contract'
import type { Http } from '@allclear/kit'

export type SiteState = Schemas['SiteState']
export type SiteOrder = Schemas['SiteOrder']
export type StationShift = Schemas['StationShift']

export const sitesApi = (http: Http) => ({
  states: async () => (await http.get<{ rows: SiteState[] }>('/sites/states')).rows,
  create: (order: SiteOrder) => http.post('/sites', order),
  change: (id: string, order: SiteOrder) => http.put(`/sites/${id}`, order),
  opening: (id: string, body: Schemas['SiteOpening']) => http.post(`/sites/${id}/opening`, body),
  shifts: async (id: string) => (await http.get<{ rows: StationShift[] }>(`/sites/${id}/shifts`)).rows,
  workers: (id: string) => http.get<Schemas['StationWorker'][]>(`/sites/${id}/workers`),
  addShift: (id: string, shift: Schemas['NewShift']) => http.post(`/sites/${id}/shifts`, shift),
  removeShift: (id: string) => http.delete(`/station-shifts/${id}`),
})
