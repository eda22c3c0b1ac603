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
  areas: async () => http.get<{ rows: Area[] }>('/areas').then((page) => page.rows),
  // The bytes as they are: decoding here would turn a GB18030 list into question marks without a word.
  takeAreas: (file: File) => http.post<Schemas['AreasTaken']>('/areas', new Blob([file], { type: 'application/octet-stream' })),
  search: (text: string, area?: string) => http.post<Found>('/people/search', { text, area: area || null }),
  person: (no: number) => http.get<PersonRecord>(`/people/${no}`),
  create: (form: PersonForm) => http.post<PersonRecord>('/people', form),
  correct: (no: number, change: Partial<Schemas['PersonCorrection']> & { version: number; reason: string }) =>
    http.patch<PersonRecord>(`/people/${no}`, change),
  reveal: (no: number, reason: string) => http.post<PersonClear>(`/people/${no}/reveal`, { reason }),
  merge: (no: number, goes: number, reason: string) => http.post<PersonRecord>(`/people/${no}/merge`, { goes, reason }),
  unmerge: (no: number, goes: number, reason: string) =>
    http.post<PersonRecord>(`/people/${no}/unmerge`, { goes, reason }),
  addStay: (no: number, group: string, reason: string, until: string | null) =>
    http.post<PersonRecord>(`/people/${no}/stays`, { group, reason, until_at: until }),
  endStay: (no: number, group: string) => http.delete<PersonRecord>(`/people/${no}/stays/${group}`),
  issueCard: (no: number, reason: string) => http.post<Code>(`/people/${no}/card`, { reason }),
  revokeCards: (no: number, reason: string) => http.post(`/people/${no}/card/revoke`, { reason }),
  moveHousehold: (no: number, other: number | null, reason: string) =>
    http.post<PersonRecord>(`/people/${no}/household`, { with: other, reason }),
  familyCode: (no: number) => http.post<Code>(`/people/${no}/family-code`, {}),
})

export const importsApi = (http: Http) => ({
  list: () => http.get<ImportState[]>('/people/imports'),
  upload: (file: File) =>
    http.post<RegisterPreview>('/people/imports', new Blob([file], { type: 'application/octet-stream' }), {
      query: { file_name: file.name },
    }),
  state: (id: string) => http.get<ImportState>(`/people/imports/${id}`),
  preview: (id: string) => http.get<RegisterPreview>(`/people/imports/${id}/preview`),
  check: (id: string, mapping: Mapping) => http.post<ImportCheck>(`/people/imports/${id}/check`, mapping),
  start: (id: string, mapping: Mapping) => http.post<ImportState>(`/people/imports/${id}/start`, mapping),
  badRows: (id: string) => http.url(`/people/imports/${id}/bad-rows`),
  parked: (id: string, after: string) =>
    http.get<{ rows: ParkedRow[]; next?: string | null }>(`/people/imports/${id}/duplicates`, { after }),
  decide: (id: string, lines: number[], decision: Decision) =>
    http.post<Decided>(`/people/imports/${id}/duplicates`, { lines, all: false, after: 0, decision }),
  /** Decides everything that waits, a few thousand rows a request. */
  decideAll: async (id: string, decision: Decision): Promise<Decided> => {
    const done: Decided = { decided: 0, skipped: 0, parked_open: 0 }
    for (let after: number | null | undefined = 0; after !== null && after !== undefined; ) {
      const page: Decided = await http.post<Decided>(`/people/imports/${id}/duplicates`, { lines: [], all: true, after, decision })
      done.decided += page.decided
      done.skipped += page.skipped
      done.parked_open = page.parked_open
      after = page.next
    }
    return done
  },
  undo: (id: string) => http.post<ImportState>(`/people/imports/${id}/undo`, {}),
})
