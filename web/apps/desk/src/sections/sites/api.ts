// The calls of this section, by name, so that pages hold no addresses.
import type { Schemas, Where } from '@allclear/contract'
import type { Http } from '@allclear/kit'

export type SiteState = Schemas['SiteState']
export type SiteOrder = Schemas['SiteOrder']
export type StationShift = Schemas['StationShift']
/** Which sites, in which order. */
export type SiteQuery = NonNullable<Where<'get', '/sites/states'>['query']>

export const sitesApi = (http: Http) => ({
  states: (query: SiteQuery) => http.get('/sites/states', { query }),
  create: (body: SiteOrder) => http.post('/sites', { body }),
  change: (id: string, body: SiteOrder) => http.put('/sites/{id}', { path: { id }, body }),
  opening: (id: string, body: Schemas['SiteOpening']) => http.post('/sites/{id}/opening', { path: { id }, body }),
  shifts: async (id: string) => (await http.get('/sites/{id}/shifts', { path: { id } })).rows,
  workers: (id: string) => http.get('/sites/{id}/workers', { path: { id } }),
  addShift: (id: string, body: Schemas['NewShift']) => http.post('/sites/{id}/shifts', { path: { id }, body }),
  removeShift: (id: string) => http.delete('/station-shifts/{id}', { path: { id } }),
})
