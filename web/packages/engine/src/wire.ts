// The JSON that crosses the network, as in crates/wire/src/{sync,rounds,accounts}.rs.
// Written by hand so that this package depends on nothing; test/contract.test.ts compares it with
// the generated contract.

export type TubeKind = 'single' | 'pool5' | 'pool10' | 'pool20' | 'household'
export type IdMode = 'code' | 'card' | 'typed' | 'proxy' | 'manual'
export type DocumentKind =
  'resident_id' | 'hk_macao_permit' | 'taiwan_permit' | 'passport' | 'foreign_permanent_resident'
export type HandOverSide = 'giver' | 'taker'

export type PersonRef =
  | { by: 'no'; no: number }
  | { by: 'code'; code: string }
  | { by: 'document'; kind: DocumentKind; number: string; name: string | null }
  | { by: 'manual'; provisional: string; name: string; phone: string | null; birth_year: number | null }

export type Op =
  | {
      op: 'record_collection'
      round: string
      site: string
      station: number
      tube: string
      tube_kind: TubeKind
      person: PersonRef
      id_mode: IdMode
    }
  | { op: 'void_collection'; collection: string; tube: string; reason: string }
  | { op: 'move_collection'; collection: string; from_tube: string; to_tube: string; to_kind: TubeKind }
  | { op: 'seal_tube'; tube: string; counted: number; difference_signed_by: string | null }
  | { op: 'pack_tube'; box: string; tube: string; site: string }
  | { op: 'unpack_tube'; box: string; tube: string; site: string }
  | { op: 'seal_box'; box: string; counted: number; difference_signed_by: string | null }
  | {
      op: 'hand_over'
      handover: string
      side: HandOverSide
      boxes: string[]
      counterpart: string | null
      destination: string | null
    }

export type Command = Op & { id: string; device_seq: number; at: string; offline: boolean }

export interface SyncRequest {
  sent_at: string
  commands: Command[]
}

export type ExceptionKind =
  | 'second_collection'
  | 'tube_held_elsewhere'
  | 'tube_sealed'
  | 'tube_over_full'
  | 'unknown_person'
  | 'round_closed'
  | 'clock_too_far_off'
  | 'content_differs'
  | 'count_differs'
  | 'malformed_code'
  | 'unknown_target'
  | 'wrong_state'
  | 'out_of_scope'
  | 'hand_over_disputed'

export type Warning = 'already_sampled' | 'tube_full' | 'not_expected' | 'round_closing'

/** The table that holds a tube. */
export interface Holder {
  site_name: string
  station: number
}

export interface Outcome {
  id: string
  state: 'recorded' | 'exception'
  exception?: ExceptionKind | null
  /** Who has the tube, if it is held elsewhere. */
  holder?: Holder | null
  warning?: Warning | null
}

export interface SyncResponse {
  received_at: string
  outcomes: Outcome[]
}

export interface RosterEntry {
  no: number
  name: string
  codes: string[]
  documents: string[]
  household?: number | null
  household_code?: string | null
  sampled: boolean
  /** Kind of tube for this person, by round, where it is not the site's usual one. */
  tube_kinds?: Record<string, TubeKind>
}

export interface Roster {
  as_of: string
  digest_key: string
  entries: RosterEntry[]
  erase_at: string
}

export interface Round {
  id: string
  name: string
  state: 'draft' | 'open' | 'closing' | 'closed'
  areas: string[]
  tube_kind: TubeKind
  starts_at: string
  ends_at: string
  profile_version: number
  expected: number
}

export interface Site {
  id: string
  name: string
  area: string
  serves: string[]
  stations: number
  longitude?: number | null
  latitude?: number | null
  hours: string
  open: boolean
}

/** A kind of tube that a round says here; of each round the first is the usual one. */
export interface SiteKind {
  round: string
  area: string
  groups: string[]
  tube_kind: TubeKind
}

/** Where people are sent while a site is closed. */
export interface GoTo {
  site: string
  name: string
  hours: string
}

export interface Shift {
  site: Site
  rounds: Round[]
  // Missing in a post that was taken up before these were known.
  kinds?: SiteKind[]
  go_to?: GoTo | null
  closed_reason?: string | null
  as_of: string
}
