// The calls of this section, by name, so that pages hold no addresses.
import type { Schemas } from '@allclear/contract'
import type { Grant, Http } from '@allclear/kit'

export type Account = Schemas['Account']
export type Device = Schemas['Device']

export const accountsApi = (http: Http) => ({
  /** All of them: a city has hundreds, and the page filters as one types. */
  async list() {
    const rows: Account[] = []
    for (let after: string | null | undefined = ''; after !== null && after !== undefined; ) {
      const page: { rows: Account[]; next?: string | null } = await http.get('/accounts', { after })
      rows.push(...page.rows)
      after = page.next
    }
    return rows
  },
  create: (account: Schemas['NewAccount']) => http.post<{ id: string }>('/accounts', account),
  grant: (id: string, grants: Grant[]) => http.put(`/accounts/${id}/grants`, grants),
  setActive: (id: string, active: boolean) => http.put(`/accounts/${id}/active`, { active }),
  areas: async () => http.get<{ rows: Schemas['Area'][] }>('/areas').then((page) => page.rows),
})

export const devicesApi = (http: Http) => ({
  list: async () => (await http.get<{ rows: Device[] }>('/devices')).rows,
  enrol: (account: string, label: string) => http.post<Schemas['Enrolment']>('/enrolments', { account, label }),
  revoke: (id: string) => http.delete(`/devices/${id}`),
})
