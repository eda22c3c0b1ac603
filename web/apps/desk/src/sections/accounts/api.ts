// The calls of this section, by name, so that pages hold no addresses.
import type { Schemas } from '@allclear/contract'
import type { Grant, Http } from '@allclear/kit'

export type Account = Schemas['Account']
export type Device = Schemas['Device']
/** An area in which a role may be granted. */
export type Choice = Pick<Schemas['Area'], 'code' | 'name'>

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
  resetLink: (id: string) => http.post<Schemas['ResetLink']>(`/accounts/${id}/reset-link`),
  areas: async () => http.get<{ rows: Schemas['Area'][] }>('/areas').then((page) => page.rows),
})

export type AccessEntry = Schemas['AccessEntry']
export interface LogFilter {
  actor: string
  action: string
  subject: string
  from: string
  until: string
}

export const logApi = (http: Http) => ({
  page: (filter: LogFilter, after = '') =>
    http.get<{ rows: AccessEntry[]; next?: string | null }>('/access-log', { ...filter, after }),
})

export const devicesApi = (http: Http) => ({
  /** All of them, newest first. */
  async list() {
    const rows: Device[] = []
    for (let after: string | null | undefined = ''; after !== null && after !== undefined; ) {
      const page: { rows: Device[]; next?: string | null } = await http.get('/devices', { after })
      rows.push(...page.rows)
      after = page.next
    }
    return rows
  },
  enrol: (account: string, label: string) => http.post<Schemas['Enrolment']>('/enrolments', { account, label }),
  revoke: (id: string) => http.delete(`/devices/${id}`),
})
