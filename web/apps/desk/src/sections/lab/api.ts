// The calls of this section, by name, so that pages hold no addresses.
import type { Http } from '@allclear/kit'
import type * as T from './types'

/** What every laboratory page may ask without knowing which laboratory. */
export const labsApi = (http: Http) => ({
  labs: () => http.get<T.Lab[]>('/labs'),
  kits: () => http.get<T.Kit[]>('/lab-kits'),
  alerts: (lab?: string) => http.get<T.Alert[]>('/clock-alerts', { lab }),
  missing: () => http.get<T.MissingTube[]>('/missing-tubes'),
  voidTube: (tube: string, reason: string) => http.post(`/tubes/${tube}/void`, { reason }),
  flags: (lab?: string) => http.get<T.Flag[]>('/lab-flags', { lab }),
  clearFlag: (flag: T.Flag, note: string) => http.post(`/labs/${flag.lab}/flags/${flag.id}/clear`, { note }),
  followUps: (open: boolean) => http.get<T.FollowUp[]>('/follow-ups', { open }),
  followUp: (tube: string) => http.get<T.FollowUp>(`/follow-ups/${tube}`),
  memberOutcome: (tube: string, person: number, outcome: 'unreachable' | 'found' | 'handed_over', note: string) =>
    http.post(`/follow-ups/${tube}/members/${person}/outcome`, { outcome, note }),
})

/** What a laboratory's own pages ask. */
export const labApi = (http: Http, lab: () => string) => {
  const at = (path: string) => `/labs/${lab()}${path}`
  const file = { headers: { 'Content-Type': 'application/octet-stream' } }
  return {
    instruments: () => http.get<T.Instrument[]>(at('/instruments')),
    addInstrument: (name: string) => http.post<T.Instrument>(at('/instruments'), { name }),
    setMapping: (id: string, mapping: T.Mapping) => http.put(at(`/instruments/${id}/mapping`), mapping),
    receptions: () => http.get<T.Reception[]>(at('/receptions')),
    reception: (id: string) => http.get<T.Reception>(at(`/receptions/${id}`)),
    openReception: (boxes: string[]) => http.post<T.Reception>(at('/receptions'), { boxes }),
    scan: (id: string, code: string, damage?: string) =>
      http.post<T.ScanAnswer[]>(at(`/receptions/${id}/scans`), [{ code, damage: damage || null }]),
    closeReception: (id: string, name: string) =>
      http.post<T.Reception>(at(`/receptions/${id}/close`), { difference_signed_by: name || null }),
    holds: () => http.get<T.Hold[]>(at('/holds')),
    resolveHold: (tube: string, action: 'receive' | 'discard', note: string) =>
      http.post(at(`/holds/${encodeURIComponent(tube)}/resolve`), { action, note }),
    reject: (tube: string, reason: string, note: string) => http.post(at(`/tubes/${tube}/reject`), { reason, note: note || null }),
    repeat: (tube: string) => http.post(at(`/tubes/${tube}/repeat`)),
    runs: () => http.get<T.Run[]>(at('/runs')),
    run: (id: string) => http.get<T.Run>(at(`/runs/${id}`)),
    addRun: (run: { name: string; instrument: string; kit: string; lot: string }) =>
      http.post<T.Run>(at('/runs'), { id: crypto.randomUUID(), ...run }),
    place: (id: string, what: { tubes?: string[]; control?: string; well?: string; fill?: number }) =>
      http.post<T.Run>(at(`/runs/${id}/wells`), what),
    clearWell: (id: string, well: string) => http.post<T.Run>(at(`/runs/${id}/wells/clear`), { well }),
    moveRun: (id: string, event: 'start' | 'end' | 'abort') => http.post<T.Run>(at(`/runs/${id}/move`), { event }),
    enter: (run: string | undefined, source: 'typed' | 'scanned', rows: T.TypedResult[], controls: T.TypedControl[] = []) =>
      http.post<T.Entered>(at('/results'), { run: run ?? null, source, rows, controls }),
    held: (stage: 'received' | 'on_run' | 'resulted') => http.get<T.HeldTube[]>(at('/tubes'), { stage }),
    repeatRun: (id: string) => http.post<T.Run>(at(`/runs/${id}/repeat`)),
    columns: (body: Blob) => http.post<T.Columns>(at('/imports/columns'), body, file),
    readFile: (of: { instrument: string; run?: string; kit?: string; file_name: string }, body: Blob) =>
      http.post<T.Preview>(at('/imports'), body, { ...file, query: of }),
    confirm: (id: string) => http.post<T.Entered>(at(`/imports/${id}/confirm`), { without_bad_rows: true }),
    discard: (id: string) => http.post(at(`/imports/${id}/discard`)),
    release: () => http.get<T.ReleaseDesk>(at('/release')),
    releaseOne: (tube: string, value: T.Value) => http.post(at(`/tubes/${tube}/release`), { value }),
    releaseBulk: (runs: string[], without_run: boolean) =>
      http.post<T.ReleaseJob>(at('/release'), { id: crypto.randomUUID(), runs, without_run }),
    releaseJob: (id: string) => http.get<T.ReleaseJob>(at(`/release/${id}`)),
  }
}
