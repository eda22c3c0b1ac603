// The calls of this section, by name, so that pages hold no addresses.
import type { Schemas } from '@allclear/contract'
import type { Http } from '@allclear/kit'

export type ExceptionLine = Schemas['ExceptionLine']
export type ExceptionDetail = Schemas['ExceptionDetail']
export type ExceptionCount = Schemas['ExceptionCount']
export type Resolution = Schemas['Resolution']
export type Claim = Schemas['Claim']
export type MetSide = Schemas['MetSide']
export type ListPage = { rows: ExceptionLine[]; next?: string | null }

/** What is looked for; empty: any. */
export interface Filter {
  kind: string
  state: string
  site: string
  area: string
  round: string
  code: string
}

export const exceptionsApi = (http: Http) => ({
  list: (filter: Filter, after = '') => http.get('/exceptions', { query: { ...filter, after } }),
  rounds: async () => (await http.get('/rounds')).rows,
  sites: async () => (await http.get('/sites')).rows,
  resolveMany: (ids: string[], note: string) => http.post('/exceptions/resolve-many', { body: { ids, note } }),
  claim: (id: string, reason: string) => http.post('/exceptions/{id}/claim', { path: { id }, body: { reason } }),
  /** The list as a file, without identities. */
  file: (query: Filter, format: 'csv' | 'xlsx', reason: string) =>
    http.file('post', '/exceptions/export', { query, body: { format, reason } }),
  counts: () => http.get('/exceptions/counts'),
  show: (id: string) => http.get('/exceptions/{id}', { path: { id } }),
  resolve: (id: string, body: Schemas['ResolveException']) => http.post('/exceptions/{id}/resolve', { path: { id }, body }),
})
