// The calls of this section, by name, so that pages hold no addresses.
import type { Schemas } from '@allclear/contract'
import type { Http } from '@allclear/kit'
import type * as T from './types'

/** What every laboratory page may ask without knowing which laboratory. */
export const labsApi = (http: Http) => ({
  labs: () => http.get('/labs'),
  addLab: (body: Schemas['NewLab']) => http.post('/labs', { body }),
  kits: () => http.get('/lab-kits'),
  addKit: (body: Schemas['NewKit']) => http.post('/lab-kits', { body }),
  alerts: (lab?: string) => http.get('/clock-alerts', { query: { lab } }),
  missing: () => http.get('/missing-tubes'),
  voidTube: (tube: string, reason: string) => http.post('/tubes/{tube}/void', { path: { tube }, body: { reason } }),
  flags: (lab?: string) => http.get('/lab-flags', { query: { lab } }),
  clearFlag: ({ lab, id }: T.Flag, note: string) =>
    http.post('/labs/{lab}/flags/{id}/clear', { path: { lab, id }, body: { note } }),
  followUps: (open: boolean) => http.get('/follow-ups', { query: { open } }),
  followUp: (tube: string) => http.get('/follow-ups/{tube}', { path: { tube } }),
  memberOutcome: (tube: string, person: number, outcome: 'unreachable' | 'found' | 'handed_over', note: string) =>
    http.post('/follow-ups/{tube}/members/{person}/outcome', { path: { tube, person }, body: { outcome, note } }),
})

/** What a laboratory's own pages ask. */
export const labApi = (http: Http, lab: () => string) => {
  const here = () => ({ path: { lab: lab() } })
  const one = (id: string) => ({ path: { lab: lab(), id } })
  const ofTube = (tube: string) => ({ path: { lab: lab(), tube } })
  return {
    instruments: () => http.get('/labs/{lab}/instruments', here()),
    addInstrument: (name: string) => http.post('/labs/{lab}/instruments', { ...here(), body: { name } }),
    setMapping: (id: string, body: T.Mapping) => http.put('/labs/{lab}/instruments/{id}/mapping', { ...one(id), body }),
    receptions: () => http.get('/labs/{lab}/receptions', here()),
    reception: (id: string) => http.get('/labs/{lab}/receptions/{id}', one(id)),
    openReception: (boxes: string[]) => http.post('/labs/{lab}/receptions', { ...here(), body: { boxes } }),
    scan: (id: string, code: string, damage?: string) =>
      http.post('/labs/{lab}/receptions/{id}/scans', { ...one(id), body: [{ code, damage: damage || null }] }),
    closeReception: (id: string, name: string) =>
      http.post('/labs/{lab}/receptions/{id}/close', { ...one(id), body: { difference_signed_by: name || null } }),
    holds: () => http.get('/labs/{lab}/holds', here()),
    resolveHold: (tube: string, action: Schemas['HoldAction'], note: string) =>
      http.post('/labs/{lab}/holds/{tube}/resolve', { ...ofTube(tube), body: { action, note } }),
    reject: (tube: string, reason: string, note: string) =>
      http.post('/labs/{lab}/tubes/{tube}/reject', { ...ofTube(tube), body: { reason, note: note || null } }),
    repeat: (tube: string) => http.post('/labs/{lab}/tubes/{tube}/repeat', ofTube(tube)),
    runs: () => http.get('/labs/{lab}/runs', here()),
    run: (id: string) => http.get('/labs/{lab}/runs/{id}', one(id)),
    addRun: (run: Omit<Schemas['NewRun'], 'id'>) =>
      http.post('/labs/{lab}/runs', { ...here(), body: { id: crypto.randomUUID(), ...run } }),
    place: (id: string, body: Schemas['PlaceWells']) => http.post('/labs/{lab}/runs/{id}/wells', { ...one(id), body }),
    clearWell: (id: string, well: string) => http.post('/labs/{lab}/runs/{id}/wells/clear', { ...one(id), body: { well } }),
    moveRun: (id: string, event: 'start' | 'end' | 'abort') =>
      http.post('/labs/{lab}/runs/{id}/move', { ...one(id), body: { event } }),
    enter: (run: string | undefined, source: 'typed' | 'scanned', rows: T.TypedResult[], controls: T.TypedControl[] = []) =>
      http.post('/labs/{lab}/results', { ...here(), body: { run: run ?? null, source, rows, controls } }),
    held: (stage: 'received' | 'on_run' | 'resulted') => http.get('/labs/{lab}/tubes', { ...here(), query: { stage } }),
    repeatRun: (id: string) => http.post('/labs/{lab}/runs/{id}/repeat', one(id)),
    columns: (body: Blob) => http.post('/labs/{lab}/imports/columns', { ...here(), body }),
    readFile: (query: { instrument: string; run?: string; kit?: string; file_name: string }, body: Blob) =>
      http.post('/labs/{lab}/imports', { ...here(), query, body }),
    confirm: (id: string) => http.post('/labs/{lab}/imports/{id}/confirm', { ...one(id), body: { without_bad_rows: true } }),
    discard: (id: string) => http.post('/labs/{lab}/imports/{id}/discard', one(id)),
    release: () => http.get('/labs/{lab}/release', here()),
    releaseOne: (tube: string, value: T.Value) => http.post('/labs/{lab}/tubes/{tube}/release', { ...ofTube(tube), body: { value } }),
    releaseBulk: (runs: string[], without_run: boolean) =>
      http.post('/labs/{lab}/release', { ...here(), body: { id: crypto.randomUUID(), runs, without_run } }),
    releaseJob: (id: string) => http.get('/labs/{lab}/release/{id}', one(id)),
  }
}
