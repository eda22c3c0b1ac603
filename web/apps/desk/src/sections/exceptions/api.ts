// The calls of this section, by name, so that pages hold no addresses.
import type { Schemas } from '@allclear/contract'
import type { Http } from '@allclear/kit'

export type ExceptionLine = Schemas['ExceptionLine']
export type ExceptionDetail = Schemas['ExceptionDetail']
export type ExceptionCount = Schemas['ExceptionCount']
export type Resolution = Schemas['Resolution']
export type ListPage = { rows: ExceptionLine[]; next?: string | null }

export const exceptionsApi = (http: Http) => ({
  list: (kind: string, state: string, after = '') => http.get<ListPage>('/exceptions', { kind, state, after }),
  counts: () => http.get<ExceptionCount[]>('/exceptions/counts'),
  show: (id: string) => http.get<ExceptionDetail>(`/exceptions/${id}`),
  resolve: (id: string, body: Schemas['ResolveException']) => http.post(`/exceptions/${id}/resolve`, body),
})
