// The calls of this section, by name, so that pages hold no addresses.
import type { Schemas } from '@allclear/contract'
import type { Http } from '@allclear/kit'

export type SiteState = Schemas['SiteState']
export type SiteOrder = Schemas['SiteOrder']
export type StationShift = Schemas['StationShift']

export const sitesApi = (http: Http) => ({
  states: async () => (await http.get('/sites/states')).rows,
  create: (body: SiteOrder) => http.post('/sites', { body }),
  change: (id: string, body: SiteOrder) => http.put('/sites/{id}', { path: { id }, body }),
  opening: (id: string, body: Schemas['SiteOpening']) => http.post('/sites/{id}/opening', { path: { id }, body }),
  shifts: async (id: string) => (await http.get('/sites/{id}/shifts', { path: { id } })).rows,
  workers: (id: string) => http.get('/sites/{id}/workers', { path: { id } }),
  addShift: (id: string, body: Schemas['NewShift']) => http.post('/sites/{id}/shifts', { path: { id }, body }),
  removeShift: (id: string) => http.delete('/station-shifts/{id}', { path: { id } }),
})
