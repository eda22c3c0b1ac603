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
const asked = (filter: Filter) => Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''))

export const exceptionsApi = (http: Http) => ({
  list: (filter: Filter, after = '') => http.get<ListPage>('/exceptions', { ...asked(filter), after }),
  rounds: async () => (await http.get<{ rows: Schemas['Round'][] }>('/rounds')).rows,
  sites: async () => (await http.get<{ rows: Schemas['Site'][] }>('/sites')).rows,
  resolveMany: (ids: string[], note: string) => http.post<Schemas['ResolvedMany']>('/exceptions/resolve-many', { ids, note }),
  claim: (id: string, reason: string) => http.post<Schemas['Claim']>(`/exceptions/${id}/claim`, { reason }),
  /** The list as a file, without identities. */
  file: async (filter: Filter, format: 'csv' | 'xlsx', reason: string) =>
    (await http.send('POST', '/exceptions/export', { query: asked(filter), body: { format, reason } })).blob(),
  counts: () => http.get<ExceptionCount[]>('/exceptions/counts'),
  show: (id: string) => http.get<ExceptionDetail>(`/exceptions/${id}`),
  resolve: (id: string, body: Schemas['ResolveException']) => http.post(`/exceptions/${id}/resolve`, body),
})
