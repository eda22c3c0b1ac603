// The calls of this section, by name, so that pages hold no addresses.
import type { Schemas } from '@allclear/contract'
import type { Grant, Http } from '@allclear/kit'

export type Account = Schemas['Account']
export type Device = Schemas['Device']

export const accountsApi = (http: Http) => ({
  list: async () => (await http.get<{ rows: Account[] }>('/accounts')).rows,
  create: (account: Schemas['NewAccount']) => http.post<Account>('/accounts', account),
  grant: (id: string, grants: Grant[]) => http.put(`/accounts/${id}/grants`, grants),
  setActive: (id: string, active: boolean) => http.post(`/accounts/${id}/${active ? 'enable' : 'disable'}`),
  areas: async () => http.get<{ rows: Schemas['Area'][] }>('/areas').then((page) => page.rows),
})

export const devicesApi = (http: Http) => ({
  list: async () => (await http.get<{ rows: Device[] }>('/devices')).rows,
  enrol: (account: string, label: string) => http.post<Schemas['Enrolment']>('/devices/enrolments', { account, label }),
  revoke: (id: string) => http.post(`/devices/${id}/revoke`),
})
