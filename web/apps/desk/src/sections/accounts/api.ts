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
      const page: Schemas['Page_Account'] = await http.get('/accounts', { query: { after } })
      rows.push(...page.rows)
      after = page.next
    }
    return rows
  },
  create: (body: Schemas['NewAccount']) => http.post('/accounts', { body }),
  grant: (id: string, body: Grant[]) => http.put('/accounts/{id}/grants', { path: { id }, body }),
  setActive: (id: string, active: boolean) => http.put('/accounts/{id}/active', { path: { id }, body: { active } }),
  resetLink: (id: string) => http.post('/accounts/{id}/reset-link', { path: { id } }),
  areas: async () => (await http.get('/areas')).rows,
})

export type AccessEntry = Schemas['AccessEntry']
export interface LogFilter {
  actor: string
  action: string
  subject: string
  from: string
  until: string
}

/** Entries that are drawn at once: about two screens. */
const LOG_ROWS = 50

export const logApi = (http: Http) => ({
  page: (filter: LogFilter, after = '') => http.get('/access-log', { query: { ...filter, after, limit: LOG_ROWS } }),
})

export const devicesApi = (http: Http) => ({
  /** All of them, newest first. */
  async list() {
    const rows: Device[] = []
    let next: string | null | undefined
    do {
      const page: Schemas['Page_Device'] = await http.get('/devices', { query: { after: next ? Number(next) : null } })
      rows.push(...page.rows)
      next = page.next
    } while (next)
    return rows
  },
  enrol: (account: string, label: string) => http.post('/enrolments', { body: { account, label } }),
  revoke: (id: string) => http.delete('/devices/{id}', { path: { id } }),
})
