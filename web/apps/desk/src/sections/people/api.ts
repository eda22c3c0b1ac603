// The calls of the register, by name, so that pages hold no addresses. What is searched for goes in
// a body, never in an address: addresses are logged.
import type { Schemas } from '@allclear/contract'
import type { Http } from '@allclear/kit'

export type Area = Schemas['Area']
export type Code = Schemas['CodeShown']
export type Decided = Schemas['Decided']
export type Decision = Schemas['Decision']
export type Found = Schemas['PeopleFound']
export type ImportCheck = Schemas['ImportCheck']
export type RegisterPreview = Schemas['RegisterPreview']
export type ImportState = Schemas['ImportState']
export type ParkedRow = Schemas['ParkedRow']
export type PersonClear = Schemas['PersonClear']
export type PersonForm = Schemas['PersonForm']
export type PersonLine = Schemas['PersonLine']
export type PersonRecord = Schemas['PersonRecord']

export const FIELDS = [
  'name',
  'document_kind',
  'document_number',
  'phone',
  'sex',
  'birth_date',
  'living_area',
  'residence_area',
  'address',
  'household',
  'workplace',
  'groups',
  'guardian_document',
] as const

/** Kinds of documents that have a number. */
export const DOCUMENT_KINDS = ['resident_id', 'hk_macao_permit', 'taiwan_permit', 'passport', 'foreign_permanent_resident'] as const

export const GROUPS = [
  'infant',
  'child',
  'elder_without_phone',
  'cannot_be_sampled',
  'key_occupation',
  'quarantined',
  'vaccinated_48h',
] as const

/** Groups that take a person off the expected list, and therefore must end. */
export const EXEMPTING: readonly string[] = ['cannot_be_sampled', 'quarantined', 'vaccinated_48h']

export interface Mapping {
  columns: (string | null)[]
  area: string | null
}

export const peopleApi = (http: Http) => ({
  areas: async () => (await http.get('/areas')).rows,
  // The bytes as they are: decoding here would turn a GB18030 list into question marks without a word.
  takeAreas: (body: File) => http.post('/areas', { body }),
  search: (text: string, area?: string) => http.post('/people/search', { body: { text, area: area || null } }),
  person: (no: number) => http.get('/people/{no}', { path: { no } }),
  create: (body: PersonForm) => http.post('/people', { body }),
  correct: (no: number, body: Schemas['PersonCorrection']) => http.patch('/people/{no}', { path: { no }, body }),
  reveal: (no: number, reason: string) => http.post('/people/{no}/reveal', { path: { no }, body: { reason } }),
  merge: (no: number, goes: number, reason: string) =>
    http.post('/people/{no}/merge', { path: { no }, body: { goes, reason } }),
  unmerge: (no: number, goes: number, reason: string) =>
    http.post('/people/{no}/unmerge', { path: { no }, body: { goes, reason } }),
  addStay: (no: number, group: string, reason: string, until_at: string | null) =>
    http.post('/people/{no}/stays', { path: { no }, body: { group, reason, until_at } }),
  endStay: (no: number, group: string) => http.delete('/people/{no}/stays/{group}', { path: { no, group } }),
  issueCard: (no: number, reason: string) => http.post('/people/{no}/card', { path: { no }, body: { reason } }),
  revokeCards: (no: number, reason: string) => http.post('/people/{no}/card/revoke', { path: { no }, body: { reason } }),
  moveHousehold: (no: number, other: number | null, reason: string) =>
    http.post('/people/{no}/household', { path: { no }, body: { with: other, reason } }),
  familyCode: (no: number) => http.post('/people/{no}/family-code', { path: { no } }),
})

export const importsApi = (http: Http) => ({
  list: () => http.get('/people/imports'),
  upload: (body: File) => http.post('/people/imports', { query: { file_name: body.name }, body }),
  state: (id: string) => http.get('/people/imports/{id}', { path: { id } }),
  preview: (id: string) => http.get('/people/imports/{id}/preview', { path: { id } }),
  check: (id: string, body: Mapping) => http.post('/people/imports/{id}/check', { path: { id }, body }),
  start: (id: string, body: Mapping) => http.post('/people/imports/{id}/start', { path: { id }, body }),
  badRows: (id: string) => http.url('/people/imports/{id}/bad-rows', { path: { id } }),
  parked: (id: string, after: number) =>
    http.get('/people/imports/{id}/duplicates', { path: { id }, query: { after } }),
  decide: (id: string, lines: number[], decision: Decision) =>
    http.post('/people/imports/{id}/duplicates', { path: { id }, body: { lines, all: false, after: 0, decision } }),
  /** Decides everything that waits, a few thousand rows a request. */
  decideAll: async (id: string, decision: Decision): Promise<Decided> => {
    const done: Decided = { decided: 0, skipped: 0, parked_open: 0 }
    for (let after: number | null | undefined = 0; after !== null && after !== undefined; ) {
      const body = { lines: [], all: true, after, decision }
      const page: Decided = await http.post('/people/imports/{id}/duplicates', { path: { id }, body })
      done.decided += page.decided
      done.skipped += page.skipped
      done.parked_open = page.parked_open
      after = page.next
    }
    return done
  },
  undo: (id: string) => http.post('/people/imports/{id}/undo', { path: { id } }),
})
