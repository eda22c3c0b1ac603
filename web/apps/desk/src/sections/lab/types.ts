// Shapes of the laboratory routes, as `contract/openapi.json` has them.
export type Value = 'negative' | 'positive' | 'inconclusive' | 'invalid'
export type Verdict = 'matched' | 'extra' | 'duplicate' | 'damaged' | 'hold' | 'missing' | 'box_added'

export interface Backlog {
  as_of: string
  received: number
  on_run: number
  resulted: number
  released_24h: number
  holds: number
  oldest_received_at?: string | null
  minutes_of_work: number
  alerts: number
  flags: number
  follow_ups: number
}
export interface Lab {
  id: string
  name: string
  area: string
  rated_per_day: number
  factor_percent: number
  backlog: Backlog
}
export interface Kit {
  id: string
  name: string
  run_s_min: number
  cutoff: number
  internal_control: string
}
export interface Mapping {
  layout: 'wide' | 'long'
  tube: string
  well?: string | null
  result?: string | null
  task?: string | null
  target?: string | null
  ct: { column: string; target: string }[]
  words: { word: string; value: Value }[]
}
export interface Instrument {
  id: string
  name: string
  mapping?: Mapping | null
}
export interface Tally {
  expected: number
  matched: number
  extra: number
  duplicate: number
  damaged: number
  hold: number
  missing: number
}
export interface Scan {
  tube: string
  verdict: Verdict
  reason?: string | null
  persons: number
  at?: string | null
}
export interface Reception {
  id: string
  boxes: string[]
  opened_by: string
  opened_at: string
  closed_at?: string | null
  tally: Tally
  scans: Scan[]
}
export interface ScanAnswer {
  code: string
  verdict: Verdict
  reason?: string | null
  persons: number
  age_s?: number | null
  age_s_max: number
  tally: Tally
}
export interface Hold {
  tube: string
  reason: string
  stage?: string | null
  receivable: boolean
  held_by: string
  held_at: string
}
export interface Well {
  well: string
  tube?: string | null
  control?: string | null
  persons: number
  value?: Value | null
  stage?: string | null
}
export interface Run {
  id: string
  name: string
  instrument: string
  instrument_name: string
  kit: string
  kit_name: string
  lot: string
  state: 'draft' | 'running' | 'ended' | 'aborted'
  started_at?: string | null
  ready_at?: string | null
  ended_at?: string | null
  tubes: number
  resulted: number
  control_failed: boolean
  created_by: string
  created_at: string
  wells: Well[]
}
export interface TargetCt {
  target: string
  ct?: number | null
}
export interface Refused {
  tube: string
  reason: string
}
export interface TypedResult {
  tube: string
  value: Value
  cts: TargetCt[]
}
export interface TypedControl {
  control: 'negative_control' | 'positive_control'
  value: Value
}
export interface HeldTube {
  tube: string
  tube_kind: string
  persons: number
  stage: string
  received_at: string
  run_name?: string | null
  value?: Value | null
  repeated: boolean
}
export interface MissingTube {
  tube: string
  box_code: string
  lab_name: string
  site_name: string
  persons: number
  noted_at: string
  signed_by?: string | null
}
export interface Entered {
  entered: number
  unchanged: number
  control_failed?: boolean
  refused: Refused[]
}
export interface Columns {
  columns: string[]
  suggestion?: Mapping | null
  sample: string[][]
}
export interface ImportRow {
  line: number
  tube: string
  well?: string | null
  value: Value
  cts: TargetCt[]
  ct_disagrees: boolean
}
export interface Preview {
  id: string
  file_name: string
  rows: number
  negative: number
  positive: number
  inconclusive: number
  invalid: number
  empty: number
  bad_total: number
  bad: { line: number; reason: string; cells: string[] }[]
  non_negative: ImportRow[]
  controls: { well?: string | null; control: string; value: Value; holds: boolean }[]
  refused: Refused[]
  lacking: string[]
  imported_before_at?: string | null
}
export interface NegativeGroup {
  run?: string | null
  run_name: string
  tubes: number
  persons: number
  entered_by: string
  own: boolean
  control_failed: boolean
  flags: string[]
  entered_at: string
}
export interface ResultRow {
  tube: string
  tube_kind: string
  persons: number
  value: Value
  cts: TargetCt[]
  run_name?: string | null
  well?: string | null
  entered_by: string
  entered_at: string
  own: boolean
  control_failed: boolean
  ct_disagrees: boolean
}
export interface ReleaseJob {
  id: string
  state: 'running' | 'done'
  total: number
  released: number
  persons: number
  released_by: string
  started_at: string
  finished_at?: string | null
}
export interface ReleaseDesk {
  negatives: NegativeGroup[]
  non_negatives: ResultRow[]
  jobs: ReleaseJob[]
}
export interface Member {
  person: number
  name_masked: string
  area: string
  area_name: string
  outcome: 'under_recheck' | 'negative' | 'positive' | 'unreachable' | 'case_open'
  tube?: string | null
  settled_at?: string | null
  note?: string | null
}
export interface FollowUp {
  id: string
  tube: string
  value: Value
  lab_name: string
  round: string
  opened_at: string
  closed_at?: string | null
  members_total: number
  members_open: number
  members_positive: number
  members: Member[]
}
export interface Alert {
  tube: string
  clock: 'to_lab' | 'cold' | 'turnaround'
  level: 'warn' | 'breach'
  stage: string
  site_name: string
  box_code?: string | null
  lab_name?: string | null
  persons: number
  started_at: string
  due_at: string
  raised_at: string
}
export interface Flag {
  id: string
  lab: string
  lab_name: string
  run?: string | null
  run_name?: string | null
  flag: string
  detail: string
  raised_at: string
  cleared_by?: string | null
  cleared_note?: string | null
}
